//! The masking of RFC 6455, section 5.3.

/// Removes (or puts on) the mask of a whole payload, eight bytes at a time.
pub(crate) fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::unmask;

    #[test]
    fn equals_the_definition_at_every_length() {
        let key = [0x12, 0x34, 0x56, 0x78];
        for length in 0..67_u8 {
            let plain: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let mut masked = plain.clone();
            unmask(&mut masked, key);
            let expected: Vec<u8> = plain.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            assert_eq!(masked, expected);
            unmask(&mut masked, key);
            assert_eq!(masked, plain);
        }
    }
}
