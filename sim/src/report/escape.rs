//! Data as text that is safe inside a page.
//!
//! Rules:
//! 1. Inside a script element only `<` can end it or open a comment; as `\u003c` it is the same
//!    JSON.
//! 2. JavaScript's numbers are exact to 2^53 − 1: larger integers go as text.
//!
//! It doesn't know what the data is.

use serde_json::Value;

/// The largest integer that JavaScript keeps exact.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// `value` as JSON for a script element.
pub(super) fn json(mut value: Value) -> String {
    exact(&mut value);
    // A `<` stands in strings only, where an escape may stand too.
    value.to_string().replace('<', "\\u003c")
}

/// `text` as text of an HTML element or of an attribute in quotes.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Turns integers that JavaScript would round into text.
fn exact(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if size.is_some_and(|size| size > EXACT_MAX) {
                *value = Value::String(number.to_string());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(exact),
        Value::Object(fields) => fields.values_mut().for_each(exact),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_end_the_element_stays_data() {
        let nasty = "</script><script>alert(1)</script><!-- \u{2028} \"'&";
        let told = json(serde_json::json!({ "</script>": nasty }));
        assert!(!told.contains('<'), "{told}");
        let back: Value = serde_json::from_str(&told).expect("it is JSON as before");
        assert_eq!(back["</script>"], nasty);
        assert_eq!(html("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }

    #[test]
    fn integers_that_javascript_would_round_go_as_text() {
        let told = json(serde_json::json!([EXACT_MAX, EXACT_MAX + 1, u64::MAX, i64::MIN, -5]));
        let numbers = "[9007199254740991,\"9007199254740992\",\"18446744073709551615\",";
        assert_eq!(told, format!("{numbers}\"-9223372036854775808\",-5]"));
    }
}
