use linreg_data::Kind;
use serde_json::{Value, json};

use super::QUARTILES;
use crate::{Setting, SettingNames, TableDescription};

impl TableDescription {
    /// Everything that is known of the columns, as one JSON object.
    pub fn to_json(&self) -> Value {
        self.to_json_with(ToString::to_string)
    }

    /// The same with other names of settings in its sentences.
    pub fn to_json_with(&self, say: SettingNames) -> Value {
        let mut numbers = 0;
        let mut columns = Vec::new();
        for column in &self.schema.columns {
            let mut entry = json!({
                "name": column.name,
                "kind": column.kind.name(),
                "why": say(&Setting::Why(Box::new(column.clone()))),
                "missing": column.missing,
            });
            if let Some(first) = &column.first_infinite {
                entry["infinite"] = json!(column.infinite);
                entry["first_infinite"] = json!(first.place.to_string());
            }
            if column.kind.is_number() {
                if let Some(spread) = column.spread {
                    entry["mean"] = json!(spread.mean);
                    entry["std"] = json!(spread.std);
                    entry["min"] = json!(spread.min);
                    entry["max"] = json!(spread.max);
                }
                entry["quartiles"] = json!(self.figures.sample.quantiles(numbers, &QUARTILES));
                entry["correlation"] = json!(self.figures.correlations[numbers]);
                numbers += 1;
            }
            if let Kind::Categorical { levels, shares } = &column.kind {
                let levels = levels.iter().zip(shares);
                let levels = levels.map(|(level, share)| json!({"level": level, "share": share}));
                entry["levels"] = levels.collect();
            }
            columns.push(entry);
        }
        let warnings = self.warnings();
        json!({
            "rows": self.schema.num_rows,
            "columns": columns,
            "quantile_rank_error": self.figures.sample.rank_error(),
            "notes": warnings.iter().map(|warning| warning.told(say)).collect::<Vec<_>>(),
        })
    }
}
