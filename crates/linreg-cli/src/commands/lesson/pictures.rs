//! The lesson's pictures. linreg-plot has their words in English only.

use anyhow::Result;
use linreg_data::Dataset;
use linreg_model::Coefficients;
use linreg_plot::{Line, Picture, PlotError, Words};

use crate::language::Language;
use crate::number::{four_digits, thousands};

/// The most points of a picture of the model.
const MOST_POINTS: usize = 1000;

/// The scatter of the target against a feature, with its line.
pub fn scatter(
    dataset: &Dataset,
    feature: usize,
    language: Language,
) -> Result<Picture, PlotError> {
    let x: Vec<f64> = dataset.feature(feature).into_iter().flatten().collect();
    let (x_name, y_name) = (
        &dataset.feature_names()[feature],
        &dataset.target_names()[0],
    );
    let picture = Picture::scatter(x_name, &x, y_name, dataset.targets())?;
    if language == Language::English {
        return Ok(picture);
    }
    let line = Line::fit(&x, dataset.targets())?;
    let title = match line.explained {
        Some(share) => format!(
            "{x_name} 单独解释了 {y_name} 的方差的 {:.1} %",
            100.0 * share
        ),
        None => format!("{y_name} 是常数"),
    };
    let sign = if line.slope < 0.0 { '-' } else { '+' };
    let subtitle = format!(
        "{y_name} = {} {sign} {} × {x_name}；直线周围的标准差为 {}；共 {} 行",
        four_digits(line.intercept),
        four_digits(line.slope.abs()),
        four_digits(line.residual_std),
        thousands(x.len()),
    );
    Ok(picture.with_words(Words {
        title,
        description: format!("散点图：{y_name} 与 {x_name}，以及最小二乘直线。{subtitle}"),
        subtitle,
        x_name: x_name.clone(),
        y_name: y_name.clone(),
        ..Words::default()
    }))
}

/// Pictures of the predictions against the actual values and of the residuals,
/// for the first rows.
pub fn of_model(
    dataset: &Dataset,
    coefficients: &Coefficients,
    language: Language,
) -> anyhow::Result<Vec<Picture>> {
    let rows = dataset.num_rows().min(MOST_POINTS);
    let actual = &dataset.targets()[..rows];
    let predicted = coefficients.predict(&dataset.features()[..rows * dataset.num_features()])?;
    let residuals: Vec<f64> = actual.iter().zip(&predicted).map(|(y, p)| y - p).collect();
    let target = &dataset.target_names()[0];
    let pictures = [
        Picture::predicted(target, &predicted, actual)?,
        Picture::residuals(target, &predicted, &residuals, None)?,
    ];
    if language == Language::English {
        return Ok(pictures.into());
    }
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let error = four_digits((squares / rows as f64).sqrt());
    let count = thousands(rows);
    let x_name = format!("预测的 {target}");
    let words = [
        Words {
            title: format!("{target} 的预测值与实际值"),
            subtitle: format!("落在直线上的点预测正确；典型误差为 {error}；共 {count} 行"),
            y_name: format!("实际的 {target}"),
            x_name: x_name.clone(),
            ..Words::default()
        },
        Words {
            title: "残差：实际值减去预测值".to_string(),
            subtitle: format!("残差的均方根为 {error}；共 {count} 行"),
            y_name: "残差".to_string(),
            x_name,
            ..Words::default()
        },
    ];
    let pairs = pictures.into_iter().zip(words);
    Ok(pairs
        .map(|(picture, words)| picture.with_words(words))
        .collect())
}

/// The loss after each epoch.
pub fn losses(epochs: &[f64], losses: &[f64], language: Language) -> Result<Picture, PlotError> {
    let picture = Picture::losses(epochs, losses, &[])?;
    let ([first, ..], [.., last]) = (losses, losses) else {
        return Ok(picture);
    };
    Ok(match language {
        Language::English => picture,
        Language::Chinese => picture.with_words(Words {
            title: "每个迭代周期之后的损失".to_string(),
            subtitle: format!("从 {} 到 {}", four_digits(*first), four_digits(*last)),
            x_name: "迭代周期".to_string(),
            y_name: "平均损失".to_string(),
            ..Words::default()
        }),
    })
}
