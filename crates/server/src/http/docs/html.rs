//! HTML building blocks of the pages.

use std::fmt::Write;

/// A part of the page with its entry in the contents.
pub(super) struct Section {
    pub(super) id: String,
    /// As text.
    pub(super) title: String,
    /// What is in it: places and, as HTML, what they are called.
    pub(super) items: Vec<(String, String)>,
    pub(super) html: String,
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A line of a description: what is between backticks is code.
pub(super) fn inline(text: &str) -> String {
    // Descriptions come from doc comments, in which [`Name`] is a link.
    let text = text.trim().replace("[`", "`").replace("`]", "`");
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 0 {
            html.push_str(&escape(part));
        } else {
            let _ = write!(html, "<code>{}</code>", escape(part));
        }
    }
    html
}

/// A description: paragraphs.
pub(super) fn prose(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(inline).filter(|paragraph| !paragraph.is_empty());
    paragraphs.fold(String::new(), |html, paragraph| html + "<p>" + &paragraph + "</p>\n")
}

/// A name as a place on the page.
pub(super) fn place(name: &str) -> String {
    let words = name.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// A table of cells that are HTML; the first of a row is its heading. Nothing where there are no rows.
pub(super) fn table(caption: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut body = String::new();
    for row in rows {
        body.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _ = if index == 0 {
                write!(body, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(body, "<td>{cell}</td>")
            };
        }
        body.push_str("</tr>\n");
    }
    if body.is_empty() {
        return body;
    }
    let head = columns.join("</th><th scope=\"col\">");
    format!(
        "<table>\n<caption>{caption}</caption>\n<thead><tr><th scope=\"col\">{head}</th></tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_it_is() {
        assert_eq!(inline("a < `b & c` [`Cursors`]"), "a &lt; <code>b &amp; c</code> <code>Cursors</code>");
        assert_eq!(prose("one\nline\n\ntwo"), "<p>one\nline</p>\n<p>two</p>\n");
        assert_eq!(place("GET /api/x/{messageId}"), "get-api-x-messageid");
        assert_eq!(table("None", &["a"], []), "");
    }
}
