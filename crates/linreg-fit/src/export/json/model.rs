use linreg_model::FORMAT_VERSION;
use serde_json::{Map, Value, json};

use super::coefficients;
use crate::number::plain;
use crate::{FittedModel, loss};

impl FittedModel {
    /// Everything in the model, as one JSON object; of the tensors, their shapes.
    pub fn to_json(&self) -> Value {
        let file = self.file();
        let targets = plain(&self.target_names().join("`, `"));
        // What is JSON in the metadata is shown as JSON.
        let parse = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        let metadata = file.metadata.iter();
        let metadata = metadata.map(|(key, value)| (key.clone(), parse(value)));
        let tensors = file.tensors.iter();
        let tensors = tensors.map(|(name, tensor)| (name.clone(), json!(tensor.shape)));
        json!({
            "format_version": FORMAT_VERSION,
            "features": self.feature_names(),
            "targets": self.target_names(),
            "coefficients": coefficients(self),
            "meaning": loss::meaning(self.loss(), &targets),
            "metadata": metadata.collect::<Map<_, _>>(),
            "tensors": tensors.collect::<Map<_, _>>(),
        })
    }
}
