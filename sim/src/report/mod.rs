//! **Report**: a trace as one HTML page that a person looks at.
//!
//! Rules:
//! 1. One file and nothing beside it: the page loads nothing, and says so to the browser (its
//!    content security policy allows no connection).
//! 2. All that comes from a run is data: it stands as JSON in one element, with every `<` escaped,
//!    and the page only ever shows it as text.
//! 3. The same trace gives the same page, byte for byte.
//! 4. A page shows a window ([`Focus`], [`HAPPENINGS_MAX`]) and says what it left out.
//!
//! It doesn't know how a trace is made.

mod escape;
mod page;
mod window;

pub use window::{Focus, HAPPENINGS_MAX, SAMPLES_MAX, STATE_BYTES_MAX};

use crate::trace::Trace;

/// The page's own parts, and the chart library (uPlot; licence and version beside it).
const PARTS: [(&str, &str); 5] = [
    ("chart_css", include_str!("../../assets/uplot/uPlot.min.css")),
    ("css", include_str!("../../assets/report.css")),
    ("chart_js", include_str!("../../assets/uplot/uPlot.iife.min.js")),
    (
        "js",
        concat!(
            include_str!("../../assets/report/trace.js"),
            include_str!("../../assets/report/view.js"),
            include_str!("../../assets/report/shapes.js"),
            include_str!("../../assets/report/links.js"),
            include_str!("../../assets/report/paint.js"),
            include_str!("../../assets/report/pointer.js"),
            include_str!("../../assets/report/details.js"),
            include_str!("../../assets/report/inspector.js"),
            include_str!("../../assets/report/charts.js"),
            include_str!("../../assets/report/main.js"),
        ),
    ),
    ("licence", include_str!("../../assets/uplot/LICENSE")),
];

/// The page of `trace`, around what failed if something did, and else around its beginning.
#[must_use]
pub fn html(trace: &Trace) -> String {
    html_around(trace, Focus::Failure)
}

/// The page of `trace`, around `focus`.
#[must_use]
pub fn html_around(trace: &Trace, focus: Focus) -> String {
    let data = escape::json(page::json(trace, focus));
    let title = escape::html(&format!("{} · seed {}", trace.title, trace.seed));
    let mut html = String::with_capacity(data.len() + (1 << 17));
    // One pass over the template: what is put in is never looked at again.
    for (at, piece) in include_str!("../../assets/report.html").split("{{").enumerate() {
        let Some((name, rest)) = piece.split_once("}}").filter(|_| at > 0) else {
            html.push_str(piece);
            continue;
        };
        html.push_str(match name {
            "title" => &title,
            "data" => &data,
            _ => PARTS.iter().find(|part| part.0 == name).map_or("", |part| part.1),
        });
        html.push_str(rest);
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_place_in_the_template_and_none_can_end_its_element() {
        let template = include_str!("../../assets/report.html");
        let names = PARTS.iter().map(|part| part.0).chain(["title", "data"]);
        for name in names.clone() {
            assert_eq!(template.matches(&format!("{{{{{name}}}}}")).count(), 1, "{name}");
        }
        assert_eq!(template.matches("{{").count(), names.count());
        for (name, text) in PARTS {
            let text = text.to_lowercase();
            for end in ["</script", "<!--", "</style", "-->"] {
                assert!(!text.contains(end), "{name} has {end}");
            }
        }
    }
}
