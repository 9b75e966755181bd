//! Rows of a plain file, as `journal -- records` writes them.
//!
//! ```text
//! u32 island, u64 position, u32 length, so many bytes; little endian, nothing between rows
//! ```
//! It doesn't know what the bytes mean.

use std::io::{self, Read};

use archipelago_benches::rounds::Failed;

use super::{Key, Row};

/// Bytes before a row's own.
const HEAD_BYTES: usize = 16;

/// Reads the next row; none at the end of the file.
///
/// # Errors
/// What reading says; a file that ends inside a row.
pub fn next(from: &mut impl Read) -> Result<Option<Row>, Failed> {
    let mut head = [0; HEAD_BYTES];
    let got = fill(from, &mut head)?;
    if got == 0 {
        return Ok(None);
    }
    if got < HEAD_BYTES {
        return Err("the file ends inside a row".into());
    }
    let island = u32::from_le_bytes(head[..4].try_into()?);
    let position = u64::from_le_bytes(head[4..12].try_into()?);
    let length = u64::from(u32::from_le_bytes(head[12..].try_into()?));
    let mut bytes = Vec::new();
    // Not room for the length that is told, which may be wrong, but for what is there.
    from.take(length).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(Some((Key { island, position }, bytes))),
        false => Err("the file ends inside a row".into()),
    }
}

/// Fills `into` as far as the file goes; says how far.
fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match from.read(&mut into[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_a_file_that_is_cut_is_refused_wherever() {
        let mut file = Vec::new();
        for (island, position, bytes) in [(3_u32, 7_u64, &b"one"[..]), (u32::MAX, u64::MAX, b"")] {
            file.extend(island.to_le_bytes());
            file.extend(position.to_le_bytes());
            file.extend((bytes.len() as u32).to_le_bytes());
            file.extend(bytes);
        }
        let mut rest = file.as_slice();
        let one = (Key { island: 3, position: 7 }, b"one".to_vec());
        assert_eq!(next(&mut rest).unwrap(), Some(one));
        let last = (Key { island: u32::MAX, position: u64::MAX }, Vec::new());
        assert_eq!(next(&mut rest).unwrap(), Some(last));
        assert_eq!(next(&mut rest).unwrap(), None);
        for cut in 1..19 {
            assert!(next(&mut &file[..cut]).is_err(), "{cut}");
        }
    }
}
