//! Recognises files of other formats by their first bytes.

use crate::error::Foreign;

/// Says what a file is and what to do with it; None for text that may be CSV.
pub(super) fn what(bytes: &[u8]) -> Option<Foreign> {
    const EXPORT: &str = "export the sheet as CSV (UTF-8)";
    const PANDAS: &str = "write it as Parquet or CSV first, with pandas for example";
    const DECOMPRESS_FIRST: &str = "unpack it first";
    const R: &str = "write it as CSV first, in R with write.csv";
    const DECOMPRESS: &str = "unpack it, or compress it with gzip or Zstandard";
    let binary: [(&[u8], &str, &str); 23] = [
        (
            b"PAR1",
            "a Parquet file that was compressed once more",
            DECOMPRESS_FIRST,
        ),
        (
            b"ARROW1",
            "an Arrow file that was compressed",
            DECOMPRESS_FIRST,
        ),
        (
            b"PK\x05\x06",
            "an empty zip archive",
            "name the file that was in it",
        ),
        (
            &[0xD0, 0xCF, 0x11, 0xE0],
            "an Excel workbook (.xls)",
            EXPORT,
        ),
        (b"%PDF", "a PDF document", "copy the table into a CSV file"),
        (b"\x93NUMPY", "a NumPy array (.npy)", PANDAS),
        (b"\x89HDF", "an HDF5 file", PANDAS),
        (
            b"SQLite format 3",
            "an SQLite database",
            "export the table as CSV",
        ),
        (b"ORC", "an ORC file", PANDAS),
        (b"Obj\x01", "an Avro file", PANDAS),
        (b"FEA1", "a Feather file of version 1", PANDAS),
        (b"BZh", "a bzip2 file", DECOMPRESS),
        (&[0xFD, b'7', b'z', b'X', b'Z', 0], "an xz file", DECOMPRESS),
        (b"7z\xBC\xAF\x27\x1C", "a 7z archive", DECOMPRESS),
        (b"Rar!", "a RAR archive", DECOMPRESS),
        (&[0x04, 0x22, 0x4D, 0x18], "an LZ4 file", DECOMPRESS),
        (&[0x1F, 0x9D], "a compressed file (.Z)", DECOMPRESS),
        (b"RDX", "an R data file", R),
        (b"X\n\0\0\0", "an R data file (.rds)", R),
        (b"$FL2", "an SPSS file", PANDAS),
        (b"<stata_dta>", "a Stata file", PANDAS),
        (&[0x80, 0x04, 0x95], "a Python pickle", PANDAS),
        (b"\x89PNG", "a picture", "type the table into a CSV file"),
    ];
    let known = binary.iter().find(|(magic, ..)| bytes.starts_with(magic));
    if let Some((_, what, instead)) = known {
        return Some(Foreign { what, instead });
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(zip(bytes));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(Foreign {
            what: "a tar archive",
            instead: "unpack it and name the file in it",
        });
    }
    // Text has no zero bytes; UTF-16 text has a mark, which is reported before.
    let head = &bytes[..bytes.len().min(1024)];
    if head.contains(&0) {
        return Some(Foreign {
            what: "a binary file, no text",
            instead: "save it as CSV, Parquet or Arrow",
        });
    }
    markup(head)
}

fn zip(bytes: &[u8]) -> Foreign {
    const EXPORT: &str = "export the sheet as CSV (UTF-8)";
    let head = &bytes[..bytes.len().min(1 << 16)];
    let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    let (what, instead) = if has(b"[Content_Types].xml") || has(b"xl/") {
        ("an Excel workbook (.xlsx)", EXPORT)
    } else if has(b"opendocument.spreadsheet") {
        ("an OpenDocument spreadsheet (.ods)", EXPORT)
    } else if has(b".npy") {
        let instead = "write its arrays as Parquet or CSV first";
        ("a NumPy archive (.npz)", instead)
    } else {
        ("a zip archive", "unpack it and name the file in it")
    };
    Foreign { what, instead }
}

fn markup(head: &[u8]) -> Option<Foreign> {
    let mut text = head.trim_ascii_start();
    let first = text.first()?;
    let second = text[1..].trim_ascii_start().first();
    let is_json = match first {
        b'{' => matches!(second, Some(b'"' | b'}')),
        b'[' => matches!(second, Some(b'{' | b'[' | b']')),
        _ => false,
    };
    if is_json {
        return Some(Foreign {
            what: "JSON",
            instead: "write it as CSV or Parquet first, with pandas.read_json for example",
        });
    }
    text = &text[..text.len().min(16)];
    let lower = text.to_ascii_lowercase();
    for (start, what) in [
        (&b"<!doctype html"[..], "an HTML page"),
        (b"<html", "an HTML page"),
        (b"<table", "an HTML page"),
        (b"<?xml", "an XML file"),
    ] {
        if lower.starts_with(start) {
            let instead = "copy its table into a CSV file";
            return Some(Foreign { what, instead });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_no_table_of_text() {
        for (bytes, expected) in [
            (
                &b"PK\x03\x04..[Content_Types].xml"[..],
                "Excel workbook (.xlsx)",
            ),
            (
                b"PK\x03\x04..mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "(.ods)",
            ),
            (b"PK\x03\x04..houses.csv", "zip archive; unpack it"),
            (b"PK\x03\x04..arr_0.npy", "(.npz)"),
            (&[0xD0, 0xCF, 0x11, 0xE0, 0xA1], "(.xls)"),
            (b"[{\"a\": 1}]", "JSON"),
            (b" {\n \"a\": 1}", "JSON"),
            (b"{\"a\":1}\n{\"a\":2}\n", "JSON"),
            (b"[[1, 2], [3, 4]]", "JSON"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"<?xml version=\"1.0\"?>", "XML"),
            (b"a\0,\0", "binary"),
            (b"BZh91AY", "bzip2"),
        ] {
            let found = what(bytes).map_or_else(String::new, |found| found.to_string());
            assert!(found.contains(expected), "{found}, expected {expected}");
            assert!(found.contains(';'), "nothing to do: {found}");
        }
        for text in ["a,b\n1,2\n", "[a],b\n", "{a}\n", "", "<5,6\n", "\"\",a\n"] {
            assert_eq!(what(text.as_bytes()), None, "{text}");
        }
    }
}
