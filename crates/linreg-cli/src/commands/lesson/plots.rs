use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use linreg_data::{Dataset, is_url, shown_name};
use linreg_model::OutputFile;

use super::pictures;
use crate::language::Language;
use crate::output::Files;

/// A scatter of each feature, as SVG and as PNG, in a folder.
pub struct Plots {
    pub folder: PathBuf,
    outputs: Vec<[OutputFile; 2]>,
}

impl Plots {
    /// Checks that all of them can be written, before any work is done.
    pub fn new(folder: PathBuf, dataset: &Dataset, files: &mut Files) -> Result<Self> {
        if is_url(&folder) {
            let name = shown_name(&folder);
            bail!("{name}: plots are written to a folder of this machine; name one");
        }
        if folder.exists() && !folder.is_dir() {
            bail!(
                "{}: this is a file; name a folder for the plots",
                folder.display()
            );
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let mut output = |name: &String, extension: &str| {
            let path = folder.join(format!("scatter_{name}.{extension}"));
            files.file("picture", &path)
        };
        let names = dataset.feature_names().iter();
        let outputs = names.map(|name| Ok([output(name, "svg")?, output(name, "png")?]));
        Ok(Self {
            outputs: outputs.collect::<Result<_>>()?,
            folder,
        })
    }

    pub fn write(&self, dataset: &Dataset) -> Result<usize> {
        for (index, [svg, png]) in self.outputs.iter().enumerate() {
            // The font of a PNG has no Chinese characters.
            let scatter = pictures::scatter(dataset, index, Language::English)?;
            let picture = scatter.svg();
            svg.save(picture.as_bytes())?;
            let picture = scatter.png()?;
            png.save(&picture)?;
        }
        Ok(2 * self.outputs.len())
    }
}
