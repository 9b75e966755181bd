//! A small line chart as SVG: a logarithmic axis to the right, a linear one from 0 upwards.
//!
//! It doesn't know what the numbers mean. Floats are fine here: they are only drawn.

use std::fmt::Write as _;

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// Its points (x above 0, y not below).
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const RIGHT: f64 = 20.0;
/// Height of a name in the list below.
const ROW: f64 = 18.0;
/// Colours that people with any eyes tell apart, used in turn.
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/// Draws `lines`; `title` says what y is.
#[must_use]
pub fn chart(title: &str, x_label: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let mut xs: Vec<f64> = points().map(|(x, _)| x.max(1.0)).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let (first, last) = (xs.first().map_or(1.0, |x| x.ln()), xs.last().map_or(1.0, |x| x.ln()));
    let top = nice(points().map(|(_, y)| y).fold(0.0, f64::max));
    let x_of = |x: f64| {
        let part = if last > first { (x.max(1.0).ln() - first) / (last - first) } else { 0.5 };
        LEFT + part * (WIDTH - LEFT - RIGHT)
    };
    let y_of = |y: f64| TOP + (1.0 - y / top) * (HEIGHT - TOP - BOTTOM);
    let height = HEIGHT + ROW * lines.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"16\">{}</text>\n",
        escaped(title)
    );
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let y = y_of(value);
        let (end, text_at) = (WIDTH - RIGHT, LEFT - 8.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{end}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{text_at}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            y + 4.0,
            number(value),
        );
    }
    for x in &xs {
        let (at, below) = (x_of(*x), HEIGHT - BOTTOM + 18.0);
        let label = number(*x);
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>"
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12.0,
        escaped(x_label)
    );
    for (at, line) in lines.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let places: Vec<String> =
            line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            places.join(" ")
        );
        for (x, y) in &line.points {
            let (cx, cy) = (x_of(*x), y_of(*y));
            let _ = writeln!(
                svg,
                "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3.5\" fill=\"{colour}\">\
                 <title>{}: {}</title></circle>",
                escaped(&line.name),
                number(*y)
            );
        }
        let y = HEIGHT + ROW * at as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"14\" height=\"4\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"{y:.1}\">{}</text>",
            y - 6.0,
            LEFT + 22.0,
            escaped(&line.name)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The next of 1, 2, 5, 10 … that is not below `most`.
fn nice(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|top| *top >= most * 0.999_999)
        .unwrap_or(most)
}

/// As few digits as say it.
fn number(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_its_lines_and_names() {
        let line =
            |name: &str, y| Line { name: name.to_owned(), points: vec![(1.0, y), (16.0, 0.0)] };
        let svg = chart("a < b", "islands", &[line("one", 70.0), line("two", 35.0)]);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (2, 4));
        assert!(svg.contains("a &lt; b") && svg.contains("one: 70"), "{svg}");
        // The top is 100, so that 70 stands at three tenths of the height from above.
        assert!(svg.contains(&format!("90.0,{:.1}", TOP + 0.3 * (HEIGHT - TOP - BOTTOM))), "{svg}");
    }

    #[test]
    fn nothing_to_draw_is_a_chart_too() {
        assert!(chart("t", "x", &[]).ends_with("</svg>\n"));
        assert_eq!((nice(0.0), nice(100.0), nice(101.0), nice(0.3)), (1.0, 100.0, 200.0, 0.5));
    }
}
