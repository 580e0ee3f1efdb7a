//! Finding messages by their words.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use protocol::{ConversationId, Hit, Page, Timestamp, limit};

use crate::context::Context;
use crate::error::Error;
use crate::page;
use crate::person::Caller;
use crate::store::{Found, Search};
use crate::words::{Word, WordKind, words};

/// The words that somebody searches for. All must occur in a message; the last may be the beginning of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// All words but the last, folded.
    whole: BTreeSet<String>,
    /// The last word, folded.
    beginning: String,
    /// A word of this kind must begin with it.
    kind: WordKind,
}

impl Query {
    /// Reads what somebody typed. Only the words in it count; there is no syntax. An error if there are none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = || Error::invalid("q", "Look for at least one word, in at most 200 characters.");
        if !limit::QUERY.contains(&text.chars().count()) {
            return Err(invalid());
        }
        let mut wanted = without_letters_of_pairs(words(text).collect());
        let Word { folded: beginning, kind, .. } = wanted.pop().ok_or_else(invalid)?;
        let whole = wanted.into_iter().map(|word| word.folded).collect();
        Ok(Self { whole, beginning, kind })
    }

    /// The words that must occur whole. They have only letters, digits and combining marks.
    pub fn whole(&self) -> impl Iterator<Item = &str> {
        self.whole.iter().map(String::as_str)
    }

    /// A word must begin with this.
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// The folded words of a text.
    pub fn words(text: &str) -> impl Iterator<Item = String> {
        words(text).map(|word| word.folded)
    }

    fn begins(&self, word: &Word) -> bool {
        word.kind == self.kind && word.folded.starts_with(&self.beginning)
    }

    /// Whether a text has all the words.
    pub fn matches(&self, text: &str) -> bool {
        let mut missing: HashSet<_> = self.whole().collect();
        let mut begun = false;
        for word in words(text) {
            missing.remove(word.folded.as_str());
            begun |= self.begins(&word);
            if begun && missing.is_empty() {
                return true;
            }
        }
        false
    }

    /// A part of a text around the first word that was found, as HTML: the found words are between `<mark>` and
    /// `</mark>`, and everything else is escaped. Has at most about [`FRAGMENT`] characters of the text.
    pub fn fragment(&self, text: &str) -> String {
        let hits = words(text).filter(|word| self.begins(word) || self.whole.contains(word.folded.as_str()));
        let mut hits = hits.map(|word| (word.start, word.end)).peekable();
        let first = hits.peek().map_or(0, |&(start, _)| start);
        let (from, to) = around(text, first);
        let mut html = String::with_capacity(to - from + 64);
        if from > 0 {
            html.push('…');
        }
        let mut at = from;
        while let Some((start, mut end)) = hits.next_if(|&(start, _)| start < to) {
            // Pairs of letters overlap.
            while let Some((_, further)) = hits.next_if(|&(start, _)| start <= end) {
                end = end.max(further);
            }
            let end = end.min(to);
            escape(&text[at..start], &mut html);
            html.push_str("<mark>");
            escape(&text[start..end], &mut html);
            html.push_str("</mark>");
            at = end;
        }
        escape(&text[at..to], &mut html);
        if to < text.len() {
            html.push('…');
        }
        html
    }
}

/// Leaves out the letters of which there are pairs: who looks for `東京` does not look for each of the two.
fn without_letters_of_pairs(words: Vec<Word>) -> Vec<Word> {
    let pairs: Vec<_> =
        words.iter().filter(|word| word.kind == WordKind::Pair).map(|pair| pair.start..pair.end).collect();
    let is_of_pair = |word: &Word| pairs.iter().any(|pair| pair.contains(&word.start));
    words.into_iter().filter(|word| word.kind != WordKind::Letter || !is_of_pair(word)).collect()
}

/// Characters of a text in a fragment.
const FRAGMENT: usize = 160;
/// Characters of a fragment before the first hit.
const BEFORE: usize = 48;
/// Characters that may be left out at either end of a fragment so that no word is cut.
const SLACK: usize = 16;

/// The range of bytes to show around a place in a text.
fn around(text: &str, place: usize) -> (usize, usize) {
    let earlier = text[..place].char_indices().rev();
    let mut from = earlier.take(BEFORE).last().map_or(place, |(at, _)| at);
    if from > 0 {
        let space = text[from..place].char_indices().take(SLACK).find(|(_, char)| char.is_whitespace());
        from += space.map_or(0, |(at, char)| at + char.len_utf8());
    }
    let end = text[from..].char_indices().nth(FRAGMENT).map(|(at, _)| from + at);
    let Some(mut to) = end else { return (from, text.len()) };
    let space = text[place..to].char_indices().rev().take(SLACK).find(|(_, char)| char.is_whitespace());
    to = space.map_or(to, |(at, _)| place + at);
    (from, to)
}

fn escape(text: &str, html: &mut String) {
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            char => html.push(char),
        }
    }
}

/// Which messages are searched: all that the caller may see, unless it is narrowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Within<'a> {
    /// Those of one conversation.
    pub conversation: Option<ConversationId>,
    /// Those that the person of this username sent, in any case.
    pub sender: Option<&'a str>,
    /// Those sent then or later.
    pub since: Option<Timestamp>,
    /// Those sent earlier than this.
    pub until: Option<Timestamp>,
}

/// Searches messages for people.
pub struct Searches {
    context: Arc<Context>,
}

impl Searches {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Messages with these words that the caller may see, the newest first. So that nobody keeps the store busy with
    /// it, a search counts as a message in the rate limit and scans a bounded part of the log. So a page may be
    /// short, or empty, and have a `next` all the same.
    pub async fn find(
        &self,
        caller: &Caller,
        q: &str,
        within: Within<'_>,
        next: Option<&str>,
    ) -> Result<Page<Hit>, Error> {
        let query = Arc::new(Query::parse(q)?);
        let before = page::decode_position(next)?;
        self.context.charge(caller)?;
        let reader = caller.person.id;
        let conversation = match within.conversation {
            Some(id) => Some(self.context.channels.of_member(id, reader).await?.key),
            None => None,
        };
        let sender = match within.sender {
            Some(username) => match self.context.people.named(username).await? {
                Some(person) => Some(person.id),
                // Nobody of this name has sent anything.
                None => return Ok(Page { items: Vec::new(), next: None }),
            },
            None => None,
        };
        let (since, until) = (within.since, within.until);
        let limit = limit::FOUND + 1;
        let search =
            Search { reader, conversation, query: query.clone(), sender, since, until, before, limit };
        let Found { mut messages, stopped } = self.context.store.search(search).await?;
        let last = page::cut(&mut messages, limit::FOUND).map(|(position, _)| *position);
        let next = last.or(stopped).map(page::encode_position);
        let mut items = Vec::with_capacity(messages.len());
        for (_, record) in messages {
            if let Some(channel) = self.context.channels.of_key(record.conversation).await? {
                let fragment = query.fragment(&record.text);
                items.push(Hit { message: channel.message(&record), fragment });
            }
        }
        Ok(Page { items, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn all_words_must_occur_the_last_as_a_beginning() {
        let found = |q: &str, text: &str| query(q).matches(text);
        assert!(found("hel", "Hello") && found("HELLO", "hello") && found("wor hello", "hello, wor"));
        assert!(!found("hel wor", "hello world") && found("hello wor", "hello world"));
        assert!(!found("ello", "hello") && !found("hello world", "hello"));
        assert!(found("creme brul", "Une CRÈME brûlée") && found("crème", "creme"));
        // Also inside a sentence of a script without spaces.
        assert!(
            found("北京", "我在北京大学") && found("京大学", "我在北京大学") && found("京", "我在北京大学")
        );
        assert!(!found("京北", "我在北京大学") && !found("北学", "我在北京大学"));
        assert!(
            found("ประเทศ", "ฉันอยู่ประเทศไทย")
                && found("東 hel", "hello 東京")
                && found("서울", "저는서울에살아요")
        );
        assert!(found("한", "한글") && found("하", "한글") && found("한그", "한글"));
        // One word may be both.
        assert!(found("hello hell", "hello"));
    }

    #[test]
    fn a_query_has_no_syntax_and_without_words_it_is_refused() {
        for odd in
            ["\"", "AND", "a\"b", "NEAR(a b)", "conversation : x", "x*", "-x", "^x", "{a}:b", "\0a", "' OR 1"]
        {
            match Query::parse(odd) {
                Ok(query) => assert!(query.matches(odd), "{odd}"),
                Err(error) => assert_eq!(error.field.as_deref(), Some("q"), "{odd}"),
            }
        }
        for none in ["", "  ", "!?", "🎉", "\u{301}"] {
            let error = Query::parse(none).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (protocol::Code::Invalid, Some("q")));
        }
        assert!(Query::parse(&"é".repeat(200)).is_ok() && Query::parse(&"é".repeat(201)).is_err());
    }

    #[test]
    fn hits_are_marked_and_all_else_is_escaped() {
        assert_eq!(
            query("hel").fragment("Hello, <b>\"hélas\" & 'bye'"),
            "<mark>Hello</mark>, &lt;b&gt;&quot;<mark>hélas</mark>&quot; &amp; &#39;bye&#39;"
        );
        assert_eq!(
            query("script").fragment("<script>x</script>"),
            "&lt;<mark>script</mark>&gt;x&lt;/<mark>script</mark>&gt;"
        );
        // A word that matches twice is marked once.
        assert_eq!(query("hello hell").fragment("hello"), "<mark>hello</mark>");
        assert_eq!(query("a b").fragment("b a"), "<mark>b</mark> <mark>a</mark>");
        assert_eq!(query("北京大").fragment("我在北京大学"), "我在<mark>北京大</mark>学");
        assert_eq!(query("京").fragment("北京和京都"), "北<mark>京</mark>和<mark>京</mark>都");
        // A text without hits is shown from its beginning.
        assert_eq!(query("x").fragment("a & b"), "a &amp; b");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_hit() {
        let text = format!("{} needle {}", "word ".repeat(100), "and more ".repeat(100));
        let html = query("needle").fragment(&text);
        assert!(
            html.starts_with("…word ") && html.ends_with("…") && html.contains(" <mark>needle</mark> and"),
            "{html}"
        );
        let shown = html.replace("<mark>", "").replace("</mark>", "").chars().count();
        assert!((100..=FRAGMENT + 2).contains(&shown), "{shown}");
    }

    #[test]
    fn cuts_fall_between_characters() {
        for filling in ["é", "語", "👩‍👩‍👧", "e\u{301}", "&", "ab "] {
            for count in [0, 1, 15, 16, 47, 48, 49, 160, 500] {
                let filling = filling.repeat(count);
                for text in [format!("{filling} Näh {filling}"), format!("{filling}{filling} näh")] {
                    let html = query("nah").fragment(&text);
                    assert!(html.to_lowercase().contains("<mark>näh</mark>"), "{html}");
                }
            }
        }
        // A word that is longer than a fragment.
        let html = query("nah").fragment(&"näh".repeat(500));
        assert!(html.starts_with("<mark>näh") && html.ends_with("</mark>…"));
        assert_eq!(html.chars().count(), FRAGMENT + "<mark></mark>…".len() - 2);
    }
}
