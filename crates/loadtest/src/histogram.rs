//! Times and their quantiles, for machines and for people.

use serde_json::{Value, json};

/// Counts how often each duration was seen, in nanoseconds.
pub(crate) struct Histogram {
    /// Durations, to three significant digits.
    times: hdrhistogram::Histogram<u64>,
    /// Exact, where `times` rounds up.
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        let times = hdrhistogram::Histogram::new_with_bounds(1, u64::MAX, 3);
        Self { times: times.expect("these bounds are allowed"), max: 0 }
    }

    pub(crate) fn record(&mut self, nanos: u64) {
        // Nothing saturates, because every number of nanoseconds is within the bounds.
        self.times.saturating_record(nanos);
        self.max = self.max.max(nanos);
    }

    pub(crate) fn count(&self) -> u64 {
        self.times.len()
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The time that this share of all did not exceed, at most 0.1 % too long; zero if there is none.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        self.times.value_at_quantile(share).min(self.max)
    }

    /// The counts of times from `from` on, each step `factor` times as long as the one before. The first and the last
    /// step include what is below and above.
    #[expect(clippy::cast_precision_loss, reason = "for a picture")]
    pub(crate) fn steps(&self, from: f64, factor: f64, steps: usize) -> Vec<u64> {
        let mut counts = vec![0; steps];
        for recorded in self.times.iter_recorded() {
            let nanos = recorded.value_iterated_to().clamp(1, self.max.max(1));
            let step = (nanos as f64 / from).ln() / factor.ln();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the steps")]
            let step = step.clamp(0.0, (steps - 1) as f64) as usize;
            counts[step] += recorded.count_at_value();
        }
        counts
    }

    /// The quantiles as JSON, in milliseconds.
    pub(crate) fn json(&self) -> Value {
        json!({
            "count": self.count(),
            "p50": millis(self.quantile(0.5)),
            "p90": millis(self.quantile(0.9)),
            "p99": millis(self.quantile(0.99)),
            "p999": millis(self.quantile(0.999)),
            "max": millis(self.max),
        })
    }

    /// The quantiles as a line of text.
    pub(crate) fn line(&self) -> String {
        let time = |share| time(self.quantile(share));
        format!(
            "p50 {}   p90 {}   p99 {}   p99.9 {}   max {}",
            time(0.5),
            time(0.9),
            time(0.99),
            time(0.999),
            self::time(self.max)
        )
    }
}

/// Milliseconds, to the microsecond.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn millis(nanos: u64) -> f64 {
    (nanos / 1000) as f64 / 1000.0
}

/// A duration with three significant digits.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn time(nanos: u64) -> String {
    let value = nanos as f64;
    let (value, unit) = match nanos {
        ..1_000_000 => (value / 1e3, "µs"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        _ => (value / 1e9, "s"),
    };
    let digits = if value >= 99.95 { 0 } else { 1 + usize::from(value < 9.995) };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_within_a_thousandth_and_the_maximum_is_exact() {
        let times = (0..64).flat_map(|power| [1_u64 << power, (1 << power) + 1, (1 << power) / 10 * 19]);
        for nanos in times.chain([0, u64::MAX]) {
            let mut histogram = Histogram::new();
            histogram.record(nanos);
            histogram.record(u64::MAX);
            let error = histogram.quantile(0.5).abs_diff(nanos);
            assert!(error <= nanos / 1000, "{nanos} is told as {}", histogram.quantile(0.5));
            assert_eq!(histogram.max(), u64::MAX);
        }
        let mut histogram = Histogram::new();
        histogram.record(1_234_567_891);
        assert_eq!((histogram.max(), histogram.quantile(0.5)), (1_234_567_891, 1_234_567_891));
    }

    #[test]
    fn quantiles_of_a_thousand() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.99), 0);
        for micros in 1..=1000 {
            histogram.record(micros * 1000);
        }
        for (share, expected) in [(0.5, 500_000), (0.9, 900_000), (0.99, 990_000), (1.0, 1_000_000)] {
            assert!(histogram.quantile(share).abs_diff(expected) * 1000 <= expected, "{share}");
        }
        assert_eq!((histogram.count(), histogram.max()), (1000, 1_000_000));
        assert_eq!(histogram.steps(1000.0, 10.0, 4).iter().sum::<u64>(), 1000);
    }

    #[test]
    fn times_have_three_digits() {
        for (nanos, text) in [
            (1_234, "1.23 µs"),
            (12_340, "12.3 µs"),
            (123_400, "123 µs"),
            (2_000_000, "2.00 ms"),
            (31_000_000_000, "31.0 s"),
        ] {
            assert_eq!(time(nanos), text);
        }
    }
}
