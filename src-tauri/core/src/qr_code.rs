//! QR codes (ISO/IEC 18004) of addresses to open on another device.

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};

/// The longest address that is shown as a QR code, in bytes: more modules are hard to scan from a screen.
const MAX_ADDRESS_BYTES: usize = 300;

/// The rows of the code, top to bottom, without the quiet zone around it: `1` for a dark module, `0` for a light one.
/// `None` if the address is too long.
pub(crate) fn modules(address: &str) -> Option<Vec<String>> {
    let code = code(address)?;
    let digits = |row: &[Color]| row.iter().map(|color| color.select('1', '0')).collect();
    Some(code.to_colors().chunks(code.width()).map(digits).collect())
}

/// The code in half blocks, with its quiet zone, for a terminal. The light modules are drawn, so that it can be scanned
/// from a terminal with a dark background; most readers also accept it inverted.
pub fn half_blocks(address: &str) -> Option<String> {
    let code = code(address)?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

fn code(address: &str) -> Option<QrCode> {
    let address = Some(address).filter(|address| address.len() <= MAX_ADDRESS_BYTES)?;
    QrCode::with_error_correction_level(address, EcLevel::M).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_square_code_with_finder_patterns() {
        let rows = modules("https://example.com/device?user_code=WDJB-MJHT").unwrap();
        assert!(rows.iter().all(|row| row.len() == rows.len()), "{rows:?}");
        let last = rows.len() - 7;
        for (row, column) in [(0, 0), (0, last), (last, 0)] {
            let pattern: Vec<&str> = rows[row..row + 7].iter().map(|row| &row[column..column + 7]).collect();
            let finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"];
            assert_eq!(pattern, finder);
        }
        assert_eq!(modules(&"x".repeat(301)), None);
    }

    #[test]
    fn a_terminal_shows_half_blocks_with_a_quiet_zone() {
        insta::assert_snapshot!(half_blocks("https://example.com/device").unwrap());
    }
}
