//! Which cuts of a body its checksum cannot see, in one pass over its bytes.
//!
//! A cut at byte b leaves `body[..b]` and zeros. CRC-32 is linear: the checksums of the body and of
//! its cut are equal if and only if the *difference*, the body's tail from b on, leaves the shift
//! register at zero. The register after a tail is followed from the last byte to the first: one
//! step back over a zero byte is a linear map, and the byte in front of the tail is added to what
//! comes out. So all cuts cost one table look-up each.
//!
//! It doesn't know blocks.

/// The polynomial of CRC-32, lowest bit first.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// What one byte does to the register.
const FORWARD: [u32; 256] = forward();

/// For the top byte of a register: what stood in its low byte before the last step, and what that
/// has to be taken off by, in one word each.
const BACK: [u32; 256] = back();

const fn forward() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut register = index as u32;
        let mut bit = 0;
        while bit < 8 {
            register = if register & 1 == 1 { register >> 1 ^ POLYNOMIAL } else { register >> 1 };
            bit += 1;
        }
        table[index] = register;
        index += 1;
    }
    table
}

const fn back() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        // The top bytes of `FORWARD` are all different, so each finds its way back.
        table[(FORWARD[index] >> 24) as usize] = FORWARD[index] << 8 | index as u32;
        index += 1;
    }
    table
}

/// The register before a step over a zero byte that ended in `register`.
const fn step_back(register: u32) -> u32 {
    register << 8 ^ BACK[(register >> 24) as usize]
}

/// The longest cut (bytes left) that changes `body` and leaves its CRC-32 as it is: a torn write
/// that no checksum of this kind can tell from a whole one.
pub(super) fn unseen_cut(body: &[u8]) -> Option<usize> {
    let content = body.len() - body.iter().rev().take_while(|byte| **byte == 0).count();
    let mut difference = 0;
    for at in (0..content).rev() {
        difference = step_back(difference) ^ u32::from(body[at]);
        if difference == 0 {
            return Some(at);
        }
    }
    None
}

/// Four bytes that take the register over `tail`, begun at zero, back to zero: cutting off both is
/// a cut that CRC-32 does not see.
#[cfg(test)]
pub(super) fn hide(tail: &[u8]) -> [u8; 4] {
    let step = |register: u32, byte: &u8| {
        FORWARD[((register ^ u32::from(*byte)) & 0xff) as usize] ^ register >> 8
    };
    tail.iter().fold(0, step).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use archipelago_core::journal::frame::body_crc;
    use proptest::prelude::*;

    use super::*;

    /// Every cut, by the journal's own checksum.
    fn slowly(body: &[u8]) -> Option<usize> {
        (0..body.len()).rev().find(|cut| {
            let mut torn = body.to_vec();
            torn[*cut..].fill(0);
            torn != body && body_crc(&torn) == body_crc(body)
        })
    }

    #[test]
    fn a_cut_made_to_be_unseen_is_found() {
        let mut body = b"what was promised".to_vec();
        let tail = b" and what is lost";
        body.extend_from_slice(tail);
        body.extend_from_slice(&hide(tail));
        assert_eq!(slowly(&body), Some(17));
        assert_eq!(unseen_cut(&body), Some(17));
        body.push(1);
        assert_eq!(unseen_cut(&body), None);
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_cutting_at_every_byte_finds(
            mut body in prop::collection::vec(any::<u8>(), 0..60),
            tail in prop::collection::vec(any::<u8>(), 0..20),
            zeros in 0_usize..4,
        ) {
            body.extend(std::iter::repeat_n(0, zeros));
            prop_assert_eq!(unseen_cut(&body), slowly(&body));
            body.extend_from_slice(&tail);
            body.extend_from_slice(&hide(&tail));
            prop_assert_eq!(unseen_cut(&body), slowly(&body));
        }
    }
}
