//! A picture of latencies: how many took how long, on a logarithmic scale of time.

use crate::histogram::{Histogram, time};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 20.0;
const TOP: f64 = 40.0;
/// Steps for each power of ten.
const STEPS: usize = 24;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.bar{fill:#3b6fb6}\
    .mark{stroke:#b3402e;stroke-dasharray:3 3}.mark-text{fill:#b3402e}\
    @media(prefers-color-scheme:dark){text{fill:#ddd}.axis{stroke:#777}.bar{fill:#7fa9e0}\
    .mark{stroke:#f0907f}.mark-text{fill:#f0907f}}";

/// Draws each histogram below the one before.
#[expect(clippy::cast_precision_loss, reason = "for a picture")]
pub(crate) fn draw(histograms: &[(&str, Histogram)]) -> String {
    let (width, height) = (WIDTH + 2.0 * LEFT, (HEIGHT + TOP + 40.0) * histograms.len().max(1) as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Latencies</title>\n<style>{STYLE}</style>\n"
    );
    // The same scale for all, so that they can be compared.
    let shown =
        || histograms.iter().map(|(_, histogram)| histogram).filter(|histogram| histogram.count() > 0);
    let low = shown().map(|histogram| histogram.quantile(0.001)).min().unwrap_or(1_000).max(1_000);
    let high = shown().map(Histogram::max).max().unwrap_or(1_000_000).max(low + 1);
    let (low, high) = ((low as f64).log10().floor(), (high as f64).log10().ceil());
    for (index, (label, histogram)) in histograms.iter().enumerate() {
        let top = TOP + (HEIGHT + TOP + 40.0) * index as f64;
        panel(&mut svg, label, histogram, top, low, high);
    }
    svg.push_str("</svg>\n");
    svg
}

/// One histogram; `low` and `high` are powers of ten.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "for a picture"
)]
fn panel(svg: &mut String, label: &str, histogram: &Histogram, top: f64, low: f64, high: f64) {
    let steps = (high - low) as usize * STEPS;
    let counts = histogram.steps(10_f64.powf(low), 10_f64.powf(1.0 / STEPS as f64), steps);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let (each, bottom) = (WIDTH / steps as f64, top + HEIGHT);
    let title = top - 24.0;
    svg.push_str(&format!("<text x=\"{LEFT}\" y=\"{title}\" font-weight=\"bold\">{label}</text>\n"));
    for (step, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // At least one pixel high, so that even a rare latency is visible.
        let tall = (count as f64 / most * HEIGHT).max(1.0);
        let (x, y, wide) = (LEFT + step as f64 * each, bottom - tall, each - 1.0);
        svg.push_str(&format!(
            "<rect class=\"bar\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\"/>\n"
        ));
    }
    let end = LEFT + WIDTH;
    svg.push_str(&format!(
        "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{bottom}\" x2=\"{end}\" y2=\"{bottom}\"/>\n"
    ));
    for power in low as i32..=high as i32 {
        let x = LEFT + f64::from(power - low as i32) * STEPS as f64 * each;
        let (tick, text, y) = (bottom + 5.0, time(10_u64.pow(power.unsigned_abs())), bottom + 20.0);
        let text = text.replace(".00", "").replace(".0", "");
        svg.push_str(&format!(
            "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{bottom}\" x2=\"{x:.1}\" y2=\"{tick}\"/>\n\
             <text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>\n"
        ));
    }
    if histogram.count() == 0 {
        return;
    }
    for (line, (name, share)) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)].into_iter().enumerate() {
        let at = histogram.quantile(share);
        let x = LEFT + (((at.max(1) as f64).log10() - low) * STEPS as f64 * each).clamp(0.0, WIDTH);
        // Each on a line of its own: they may be close together.
        let y = top + 4.0 + 14.0 * line as f64;
        let (anchor, beside) = if x > LEFT + WIDTH * 0.8 { ("end", x - 4.0) } else { ("start", x + 4.0) };
        let text = time(at);
        svg.push_str(&format!(
            "<line class=\"mark\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\n\
             <text class=\"mark-text\" x=\"{beside:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{name} {text}</text>\n"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_bars_and_marks_within_its_frame() {
        let mut histogram = Histogram::new();
        for micros in 1..=10_000 {
            histogram.record(micros * 1000);
        }
        let svg = draw(&[("acknowledged", histogram), ("delivered", Histogram::new())]);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for part in ["acknowledged", "delivered", "p50 ", "p99 ", "p99.9 ", "prefers-color-scheme", "1 ms"] {
            assert!(svg.contains(part), "{part} is missing");
        }
        assert!(svg.matches("<rect ").count() > 40);
        assert_eq!(svg.matches("<text ").count(), svg.matches("</text>").count());
        for x in
            svg.split(" x=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap())
        {
            assert!((0.0..=WIDTH + 2.0 * LEFT).contains(&x), "{x}");
        }
    }

    #[test]
    fn nothing_to_draw_is_no_failure() {
        assert!(draw(&[]).contains("</svg>"));
        assert!(draw(&[("none", Histogram::new())]).contains("none"));
    }
}
