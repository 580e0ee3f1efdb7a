//! Overwrites what was deleted in the pages of a database.
//!
//! With `secure_delete` SQLite overwrites a row where it is deleted, and a page that becomes free. But when it moves rows to
//! another page, to make room, it leaves the bytes behind in the part of the page that is unused from then on. Here these
//! parts are overwritten, a few pages in a transaction. The format of a page is documented (sqlite.org/fileformat2.html) and
//! does not change.

use rusqlite::{Connection, OptionalExtension, params};

/// Pages that are looked at in one read.
pub(super) const READ: u32 = 256;
/// Pages that are written in one transaction.
pub(super) const WRITTEN: usize = 64;

/// The first byte of a page that is no page of a b-tree is the highest byte of the number of a page, or 0. Below this many
/// pages, 128 GiB, it is none of [`INTERIOR`] and [`LEAF`].
const MOST_PAGES: u32 = 0x0200_0000;
const INTERIOR: [u8; 2] = [2, 5];
const LEAF: [u8; 2] = [10, 13];

const PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?";

/// The number of the last page that is to be looked at; 0 if none is.
pub(super) fn last_page(connection: &Connection) -> Result<u32, rusqlite::Error> {
    if connection.prepare_cached(PAGE).is_err() {
        tracing::warn!(
            "this program was built without sqlite_dbpage: some of what was deleted stays in the files"
        );
        return Ok(0);
    }
    let count: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if count >= MOST_PAGES {
        tracing::warn!("the database is too large to overwrite what was deleted in it");
        return Ok(0);
    }
    Ok(count)
}

/// The pages from `from` on, [`READ`] of them, in which something is to be overwritten. The first page has the schema alone
/// and is left out.
pub(super) fn unclean(connection: &Connection, from: u32, last: u32) -> Result<Vec<u32>, rusqlite::Error> {
    let mut found = Vec::new();
    for number in from.max(2)..(from + READ).min(last + 1) {
        if read(connection, number)?.is_some_and(|mut page| clean(&mut page)) {
            found.push(number);
        }
    }
    Ok(found)
}

/// Overwrites what is unused in these pages.
pub(super) fn clean_pages(connection: &Connection, pages: &[u32]) -> Result<(), rusqlite::Error> {
    for &number in pages {
        let Some(mut page) = read(connection, number)? else { continue };
        if clean(&mut page) {
            let sql = "UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?";
            connection.prepare_cached(sql)?.execute(params![page, number])?;
        }
    }
    Ok(())
}

fn read(connection: &Connection, number: u32) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    connection.prepare_cached(PAGE)?.query_row([number], |row| row.get(0)).optional()
}

/// Overwrites the unused parts of a page of a b-tree with zeros: between the list of its cells and the first cell, and
/// where a cell was freed. Gives whether that changed anything. A page that is none, or not as it should be, stays as it
/// is.
fn clean(page: &mut [u8]) -> bool {
    let number = |page: &[u8], at: usize| {
        page.get(at..at + 2).map(|bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    };
    let header = match page.first() {
        Some(kind) if INTERIOR.contains(kind) => 12,
        Some(kind) if LEAF.contains(kind) => 8,
        _ => return false,
    };
    let (Some(freed), Some(cells), Some(content)) = (number(page, 1), number(page, 3), number(page, 5))
    else {
        return false;
    };
    let begin = header + 2 * cells;
    // The end of a page of 64 KiB does not fit into two bytes.
    let content = if content == 0 { 1 << 16 } else { content };
    if begin > content || content > page.len() {
        return false;
    }
    let mut unused: Vec<_> = std::iter::once(begin..content).collect();
    let (mut block, mut end) = (freed, content);
    while block != 0 {
        let (Some(next), Some(size)) = (number(page, block), number(page, block + 2)) else { return false };
        if block < end || size < 4 || block + size > page.len() {
            return false;
        }
        unused.push(block + 4..block + size);
        (block, end) = (next, block + size);
    }
    let mut changed = false;
    for part in unused {
        if page[part.clone()].iter().any(|byte| *byte != 0) {
            page[part].fill(0);
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tempfile::tempdir;

    use super::super::connect;
    use super::*;

    /// The secrets that are in the file of a database.
    fn secrets(path: &Path, connection: &Connection) -> usize {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(6).filter(|window| window == b"secret").count()
    }

    #[test]
    fn what_moved_before_it_was_deleted_is_overwritten() {
        const ROWS: u64 = 2000;
        let folder = tempdir().unwrap();
        let path = folder.path().join("some.db");
        let connection = connect(&path).unwrap();
        let begin = "CREATE TABLE some (id INTEGER PRIMARY KEY, name TEXT, more TEXT); BEGIN";
        connection.execute_batch(begin).unwrap();
        let mut insert =
            connection.prepare("INSERT INTO some VALUES (?, 'secret ' || ?1, zeroblob(?))").unwrap();
        for number in 0..ROWS {
            let id = number * 7919 % ROWS;
            insert.execute([id, 20 + number % 30]).unwrap();
        }
        let grow = "UPDATE some SET more = zeroblob(200) WHERE id * 4231 % 10 < 3";
        let delete = "DELETE FROM some WHERE id % 7 > 0; UPDATE some SET name = id; COMMIT";
        connection.execute_batch(&format!("{grow}; {delete}")).unwrap();
        assert!(secrets(&path, &connection) > 0, "SQLite overwrites it by itself");
        let last = last_page(&connection).unwrap();
        for from in (1..=last).step_by(READ as usize) {
            clean_pages(&connection, &unclean(&connection, from, last).unwrap()).unwrap();
        }
        assert_eq!(secrets(&path, &connection), 0);
        let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let rows: u64 = connection.query_row("SELECT count(name) FROM some", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, ROWS.div_ceil(7));
    }

    #[test]
    fn unused_parts_of_a_page_are_overwritten() {
        let mut page = vec![b'x'; 64];
        // A leaf with two cells, the first at 40; 8 bytes are freed at 50.
        page[..12].copy_from_slice(&[13, 0, 50, 0, 2, 0, 40, 0, 0, 40, 0, 58]);
        page[50..54].copy_from_slice(&[0, 0, 0, 8]);
        let mut expected = page.clone();
        expected[12..40].fill(0);
        expected[54..58].fill(0);
        assert!(clean(&mut page));
        assert_eq!(page, expected);
        assert!(!clean(&mut page));
    }

    #[test]
    fn what_is_no_page_of_a_tree_stays() {
        let overflow = [0, 0, 0, 7].into_iter().chain([b'x'; 60]).collect::<Vec<_>>();
        let mut wrong = vec![13, 0, 0, 0, 200, 0, 40, 0];
        wrong.extend([b'x'; 56]);
        let mut looping = vec![13, 0, 50, 0, 0, 0, 40, 0];
        looping.extend([b'x'; 56]);
        looping[50..54].copy_from_slice(&[0, 50, 0, 8]);
        for page in [overflow, wrong, looping, Vec::new(), vec![13]] {
            let mut cleaned = page.clone();
            assert!(!clean(&mut cleaned));
            assert_eq!(cleaned, page);
        }
    }
}
