//! What the server counts, for `/metrics`.

use std::fmt;
use std::sync::Arc;

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};
use domain::store::Store;
use domain::{Error, Sent};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use socketio::Handler;

use crate::hub::Hub;

/// The counters that request handlers raise.
pub(crate) struct Metrics {
    requests: Family<Status, Counter>,
    messages: Family<Outcome, Counter>,
    /// A counter of `messages`, kept here so that it is not looked up for each message.
    stored: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    reason: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let messages = Family::<Outcome, Counter>::default();
        let stored = messages.get_or_create(&Outcome { outcome: "stored" }).clone();
        Self { requests: Family::default(), messages, stored }
    }
}

impl Metrics {
    /// An HTTP request was answered.
    pub(crate) fn http(&self, status: StatusCode) {
        self.requests.get_or_create(&Status { status: status.as_u16() }).inc();
    }

    /// A message was stored, was a duplicate, or was refused with a code.
    pub(crate) fn message(&self, result: &Result<Sent, Error>) {
        let outcome = match result {
            Ok(Sent { duplicate: false, .. }) => {
                self.stored.inc();
                return;
            }
            Ok(Sent { duplicate: true, .. }) => "duplicate",
            Err(error) => error.code.as_str(),
        };
        self.messages.get_or_create(&Outcome { outcome }).inc();
    }

    /// All metrics, under the names in `docs/operating.md`.
    pub(crate) fn registry<H: Handler>(
        &self,
        sockets: socketio::Server<H>,
        hub: Arc<Hub>,
        store: Arc<dyn Store>,
    ) -> Registry {
        let mut registry = Registry::with_prefix("aldis");
        registry.register("http_requests", "HTTP requests answered, by status", self.requests.clone());
        let help = "Messages, edits and deletions: stored, duplicate, or refused with a code";
        registry.register("messages", help, self.messages.clone());
        registry.register_collector(Box::new(Seen { sockets, hub, store }));
        registry
    }
}

/// The metrics as text with their media type: `OpenMetrics` if the client accepts it, else the older Prometheus
/// format.
pub(crate) fn text(registry: &Registry, headers: &HeaderMap) -> Result<(&'static str, String), fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains("application/openmetrics-text") {
        return Ok(("application/openmetrics-text; version=1.0.0; charset=utf-8", text));
    }
    Ok(("text/plain; version=0.0.4; charset=utf-8", plain(&text)))
}

/// `OpenMetrics` as the older format: there a counter is described under its whole name, and nothing else is said.
fn plain(text: &str) -> String {
    let counter = |line: &'_ str| Some(line.strip_prefix("# TYPE ")?.strip_suffix(" counter")?.to_owned());
    let counters: Vec<_> = text.lines().filter_map(counter).collect();
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let described =
            ["# HELP ", "# TYPE "].into_iter().find_map(|start| Some((start, line.strip_prefix(start)?)));
        match described.and_then(|(start, rest)| Some((start, rest.split_once(' ')?))) {
            Some((start, (name, rest))) => {
                let total = if counters.iter().any(|counter| counter == name) { "_total" } else { "" };
                plain.extend([start, name, total, " ", rest, "\n"]);
            }
            None if line.starts_with('#') => {}
            None => plain.extend([line, "\n"]),
        }
    }
    plain
}

/// Metrics that other parts count themselves.
struct Seen<H: Handler> {
    sockets: socketio::Server<H>,
    hub: Arc<Hub>,
    store: Arc<dyn Store>,
}

impl<H: Handler> fmt::Debug for Seen<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

impl<H: Handler> Collector for Seen<H> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = self.sockets.metrics();
        let gauges = [
            ("sessions", "Engine.IO sessions that are open", None, metrics.sessions),
            ("sockets", "Sockets that are connected", None, metrics.sockets),
            ("users_online", "Users with a connected socket", None, self.hub.users()),
            ("pending", "What waits for slow sockets", Some(Unit::Bytes), metrics.pending_bytes),
            (
                "store_log",
                "The write-ahead log of the database, copied into it from 128 MiB on",
                Some(Unit::Bytes),
                usize::try_from(self.store.wal_bytes()).unwrap_or(usize::MAX),
            ),
        ];
        for (name, help, unit, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let descriptor = encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?;
            gauge.encode(descriptor)?;
        }
        let counters = [
            ("sessions_opened", "Engine.IO sessions opened", metrics.opened),
            ("sessions_upgraded", "Sessions that moved from polling to WebSocket", metrics.upgraded),
            ("handshakes_refused", "Requests to the socket's path that were refused", metrics.refused),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let help = "Engine.IO sessions that ended, by reason";
        let kind = prometheus_client::metrics::MetricType::Counter;
        let mut family = encoder.encode_descriptor("sessions_closed", help, None, kind)?;
        for (reason, count) in metrics.closed {
            let ended = Ended { reason: reason.as_str() };
            ConstCounter::new(count).encode(family.encode_family(&ended)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_ask_for_open_metrics_gets_the_older_format() {
        let metrics = Metrics::default();
        metrics.http(StatusCode::OK);
        let mut registry = Registry::with_prefix("aldis");
        registry.register("http_requests", "HTTP requests answered", metrics.requests.clone());
        let (kind, plain) = text(&registry, &HeaderMap::new()).unwrap();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        let expected = "# HELP aldis_http_requests_total HTTP requests answered.\n\
                        # TYPE aldis_http_requests_total counter\n\
                        aldis_http_requests_total{status=\"200\"} 1\n";
        assert_eq!(plain, expected);

        let mut headers = HeaderMap::new();
        headers
            .insert(ACCEPT, "application/openmetrics-text; version=1.0.0,text/plain;q=0.5".parse().unwrap());
        let (kind, open) = text(&registry, &headers).unwrap();
        assert!(kind.starts_with("application/openmetrics-text") && open.ends_with("# EOF\n"), "{open}");
    }
}
