//! PNG files of flat pictures: rows filtered by the row above, which leaves zeros, then deflate.

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Encodes pixels of red, green and blue bytes.
pub fn encode(pixels: &[u8], width: usize, height: usize) -> io::Result<Vec<u8>> {
    let stride = width * 3;
    assert_eq!(pixels.len(), stride * height, "pixels fill the picture");
    let mut packed = ZlibEncoder::new(Vec::with_capacity(1 << 16), Compression::new(4));
    let mut line = vec![0; stride + 1];
    let mut above = vec![0; stride];
    for row in pixels.chunks_exact(stride) {
        // Filter type 2, "Up".
        line[0] = 2;
        for ((filtered, byte), upper) in line[1..].iter_mut().zip(row).zip(&above) {
            *filtered = byte.wrapping_sub(*upper);
        }
        packed.write_all(&line)?;
        above.copy_from_slice(row);
    }
    let packed = packed.finish()?;

    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // 8 bits a channel, red-green-blue, and the only methods there are; not interlaced.
    header.extend([8, 2, 0, 0, 0]);

    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &packed);
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    let mut check = Crc::new();
    check.update(&name);
    check.update(data);
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(check.sum().to_be_bytes());
}
