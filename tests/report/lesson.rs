//! The page of the lesson.

use serde_json::json;

use super::browser::{BARRIERS, check_quiet, keep};
use super::words;
use crate::browser::Browser;
use crate::tool::Tool;

#[test]
fn the_lesson_is_a_page_too() {
    let tool = Tool::new();
    let story = tool.succeed("lesson --report pictures");
    assert!(story.contains("Wrote pictures/report.html; open it in a browser."));
    let page = tool.read("pictures/report.html");
    assert!(page.contains("<html lang=\"en\">"));
    let text = words(&page);
    for found in [
        "y = 2 x1 - 3.4 x2 + 4.2 + noise",
        "features[:, 1].detach().numpy()",
        "11.560",
        "Why one scatter plot is looser",
        "Why the update is not tracked",
        "100 updates",
        "Why gradients are set to zero",
        "never set to zero",
        "Why the gradient is divided by the batch size",
        "Evaluation without gradients",
        "model.valid()",
        "weight of x2",
        "standard error",
        "linreg lesson --report pictures",
    ] {
        assert!(text.contains(found), "{found}");
    }
    assert_eq!(page.matches("<svg ").count(), 5);
    for name in ["scatter_x1.svg", "scatter_x2.png"] {
        assert!(tool.path("pictures").join(name).is_file(), "{name}");
    }
    let message = tool.fail("lesson --report pictures");
    assert!(message.ends_with("the file exists; use --force to replace it, or another name"));
    tool.succeed("lesson --report pictures --force");
    assert!(tool.fail("lesson --force").contains("--plots"));

    let chinese = "lesson --report chinese --language zh";
    tool.succeed(chinese);
    let page = tool.read("chinese/report.html");
    assert!(page.contains("<html lang=\"zh-Hans\">"));
    assert_eq!(page.matches("<svg ").count(), 5);
    // None of our own words is left in English, except in code.
    let body = page
        .split("<body ")
        .nth(1)
        .and_then(|body| body.split("<script>").next());
    let text = words(body.unwrap());
    for english in [
        "Skip", "Sections", "Dark", "Point at", "against", "residual", "rows", "loss",
    ] {
        assert!(!text.contains(english), "{english}: {text}");
    }
    for found in [
        "问题与数据",
        "梯度为什么要清零",
        "x2 的权重",
        "标准误差",
        "深色",
    ] {
        assert!(page.contains(found), "{found}");
    }

    if let Some(mut browser) = Browser::start() {
        for (folder, theme) in [
            ("pictures", ["Dark colours", "Light colours"]),
            ("chinese", ["深色", "浅色"]),
        ] {
            for (width, scheme) in [(1280, "light"), (390, "dark")] {
                browser.screen(width, scheme);
                browser.open(&tool.path(folder).join("report.html"));
                assert_eq!(browser.evaluate(BARRIERS), json!([]), "{width} {scheme}");
                let name = usize::from(scheme == "dark");
                let button = browser.evaluate("document.getElementById('theme').textContent");
                assert_eq!(button, json!(theme[name]));
                keep(
                    &format!("lesson_{folder}_{width}_{scheme}.png"),
                    &browser.screenshot(),
                );
                check_quiet(&browser);
            }
        }
    }
}
