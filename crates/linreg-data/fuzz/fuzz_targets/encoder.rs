//! Any text as a stored encoder: an error of bounded length, or an encoder that
//! encodes a table, reads back the same, and has as many features as it counts.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linreg_data::{Chunk, ChunkOrder, CsvOptions, Encoder, Passes, Source, open};
use tempfile::TempDir;

const TABLE: &str = "a,b,t,d,w,y\n1,2,u,2024-01-03,1,3\n2,-1,v,2024-02-03,2,4\n,3,u,2024-03-03,0,5\n4,4,,2024-03-04,1,6\n";

struct Table {
    source: Box<dyn Source>,
    chunk: Chunk,
    _folder: TempDir,
}

static TABLE_READ: LazyLock<Table> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, TABLE).unwrap();
    let source = open(&[path], &CsvOptions::default(), Passes::Several).unwrap();
    let mut parts = source.parts(&[0, 1, 2, 3, 4, 5], ChunkOrder::File).unwrap();
    let part = parts.next().unwrap().unwrap();
    let chunk = (part.read)().unwrap().next().unwrap().unwrap();
    drop(parts);
    Table {
        source,
        chunk,
        _folder: folder,
    }
});

fuzz_target!(|text: &str| {
    let encoder = match serde_json::from_str::<Encoder>(text) {
        Ok(encoder) => encoder,
        Err(error) => {
            // It may quote a word of the text.
            assert!(error.to_string().len() < 4096 + 8 * text.len(), "{error}");
            return;
        }
    };
    let written = serde_json::to_string(&encoder).unwrap();
    assert_eq!(serde_json::from_str::<Encoder>(&written).unwrap(), encoder);
    let names = encoder.feature_names();
    assert_eq!(names.len(), encoder.num_features());
    assert!(encoder.check_size(names.len()).is_ok());
    // More of them only take time.
    if names.len() > 10_000 {
        return;
    }
    for with_targets in [false, true] {
        let Ok(bound) = encoder.bind(TABLE_READ.source.as_ref(), with_targets) else {
            continue;
        };
        let chunk = Chunk {
            batch: TABLE_READ.chunk.batch.project(bound.columns()).unwrap(),
            ..TABLE_READ.chunk.clone()
        };
        match bound.encode(&chunk, None) {
            Ok(encoded) => {
                let rows = encoded.kept.iter().filter(|kept| **kept).count();
                assert_eq!(encoded.rows.features.len(), rows * names.len());
                assert!(encoded.rows.features.iter().all(|x| x.is_finite()));
            }
            Err(error) => assert!(error.to_string().len() < 4096, "{error}"),
        }
    }
});
