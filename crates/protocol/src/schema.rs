//! The schemas of the wire types, for whoever generates from them.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// A wire type: its name, and its schema with those it refers to.
#[derive(Clone)]
pub struct Type {
    /// As in Rust and in TypeScript.
    pub name: String,
    /// By name.
    pub schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Type {
    /// The schema of a type.
    pub fn of<T: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        schemas.push((T::name().into_owned(), T::schema()));
        Self { name: T::name().into_owned(), schemas: schemas.into_iter().collect() }
    }
}

/// An event of the socket.
#[derive(Clone)]
pub struct EventSchema {
    /// On the wire.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its one argument.
    pub payload: Type,
    /// What a successful reply carries; `None` for an event that takes no callback.
    pub reply: Option<Type>,
}
