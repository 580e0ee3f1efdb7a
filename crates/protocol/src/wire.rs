//! The derives that every wire type shares.

/// Declares types that cross the network: camelCase JSON, with a schema from the same definition.
macro_rules! wire {
    ($($(#[$meta:meta])* $vis:vis $kind:ident $name:ident { $($body:tt)* })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "camelCase")]
        $vis $kind $name { $($body)* }
    )+};
}
pub(crate) use wire;
