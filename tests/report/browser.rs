//! The report of a fit in a real browser.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{SECTIONS, diabetes};
use crate::browser::Browser;
use crate::tool::Tool;

/// Where screenshots and the printed page are left to look at.
pub(super) fn keep(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// Fails if the page said anything on the console, or asked for anything but
/// itself.
pub(super) fn check_quiet(browser: &Browser) {
    for kind in [
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
        "Log.entryAdded",
    ] {
        let said: Vec<&Value> = browser.events_of(kind).collect();
        assert!(said.is_empty(), "{said:?}");
    }
    let asked = browser.events_of("Network.requestWillBeSent");
    let asked: Vec<&Value> = asked
        .map(|event| &event["params"]["request"]["url"])
        .collect();
    let is_file = |url: &Value| url.as_str().is_some_and(|url| url.starts_with("file://"));
    assert!(asked.len() == 1 && is_file(asked[0]), "{asked:?}");
}

/// Finds the accessibility problems of a page.
pub(super) const BARRIERS: &str = r#"(() => {
  const wrong = [];
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size < ids.length) wrong.push("an id is there twice");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push(`${heading.textContent} skips a level`);
    level = next;
  }
  for (const landmark of ["header", "nav", "main", "footer"])
    if (document.querySelectorAll(landmark).length !== 1) wrong.push(`not one ${landmark}`);
  for (const svg of document.querySelectorAll("svg")) {
    const label = (svg.getAttribute("aria-labelledby") ?? "").split(" ")
      .map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    if (svg.getAttribute("role") !== "img" || label.length < 20) wrong.push("a picture without words");
  }
  for (const cell of document.querySelectorAll("th"))
    if (!cell.scope) wrong.push(`${cell.textContent} heads nothing`);
  for (const cell of document.querySelectorAll("th, td"))
    if (cell.offsetParent && cell.textContent.trim().length > 3 && cell.clientWidth < 32) wrong.push(`${cell.textContent} has no room`);
  const texts = [...document.querySelectorAll("h1, main h2")].map((heading) => heading.textContent);
  const links = [...document.querySelectorAll("nav a")].map((link) => link.textContent);
  if (texts.slice(1).join() !== links.join()) wrong.push(`sections in another order than their links: ${links}`);
  for (const element of document.querySelectorAll("body *"))
    if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && !element.closest(".scroll, pre.lines, svg, .skip"))
      wrong.push(`${element.tagName} ${element.className}: ${element.scrollWidth} in ${element.clientWidth} pixels`);
  for (const scroller of document.querySelectorAll(".scroll"))
    if (scroller.checkVisibility() && scroller.scrollWidth > scroller.clientWidth + 1) {
      if (scroller.tabIndex !== 0) wrong.push("a wide table that no key reaches");
      if (scroller.previousElementSibling.hidden) wrong.push("a wide table without a hint");
    }
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, title, desc")) continue;
    const style = getComputedStyle(element);
    const colours = [element.closest("svg") ? style.fill : style.color].map(numbers).concat([ground(element)]).map(light);
    const ratio = (Math.max(...colours) + 0.05) / (Math.min(...colours) + 0.05);
    if (ratio < 4.5) wrong.push(`${walker.currentNode.data.trim()}: contrast ${ratio.toFixed(2)}`);
  }
  return wrong;
})()"#;

#[test]
fn a_browser_shows_the_report() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (tool, _) = diabetes("--validation 0.2");
    let path = tool.path("report.html");
    for (width, scheme) in [
        (1280, "light"),
        (1280, "dark"),
        (390, "light"),
        (390, "dark"),
    ] {
        browser.screen(width, scheme);
        browser.open(&path);
        for id in SECTIONS {
            let shown = format!("document.querySelector('#{id} h2').checkVisibility()");
            assert_eq!(browser.evaluate(&shown), true, "{id}");
        }
        let wide = browser.evaluate("document.documentElement.scrollWidth");
        assert!(
            wide.as_u64() <= Some(u64::from(width)),
            "{wide} pixels wide"
        );
        assert_eq!(browser.evaluate(BARRIERS), json!([]), "{width} {scheme}");
        let picture = browser.screenshot();
        assert!(picture.starts_with(b"\x89PNG"));
        keep(&format!("{width}_{scheme}.png"), &picture);
        check_quiet(&browser);
    }
    scrolls_tables(&mut browser);
    reads_points(&mut browser);
    switches_colours(&mut browser, &path);

    browser.screen(1280, "dark");
    let pdf = browser.pdf();
    assert!(
        pdf.starts_with(b"%PDF-") && pdf.len() > 20_000,
        "{} bytes",
        pdf.len()
    );
    keep("report.pdf", &pdf);
    check_quiet(&browser);
}

#[test]
fn a_long_table_shows_its_first_rows_until_all_are_asked_for() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let tool = Tool::new();
    let names: Vec<String> = (0..20).map(|column| format!("x{column}")).collect();
    let mut rows = names.join(",") + ",y\n";
    for row in 0..60 {
        let cells =
            (0..21).map(|column| (row * (column + 3) % 17 + row % (column + 2)).to_string());
        rows += &(cells.collect::<Vec<_>>().join(",") + "\n");
    }
    tool.write("t.csv", rows);
    tool.succeed("fit t.csv --target y --report r.html");
    browser.screen(1280, "light");
    browser.open(&tool.path("r.html"));
    let shown = "[...document.querySelectorAll('#model tbody tr')] \
                 .filter((row) => row.offsetParent).length";
    // 20 features and the intercept.
    assert_eq!(browser.evaluate(shown), 12);
    let name = "document.querySelector('#model .fold').textContent";
    assert_eq!(browser.evaluate(name), "Show all 21 rows");
    browser.evaluate("document.querySelector('#model .fold').focus()");
    browser.press("Enter");
    assert_eq!(browser.evaluate(shown), 21);
    browser.press("Enter");
    assert_eq!(browser.evaluate(shown), 12);
    assert_eq!(browser.evaluate(BARRIERS), json!([]));
    check_quiet(&browser);
}

/// Goes to the last column of every wide table with the keyboard.
fn scrolls_tables(browser: &mut Browser) {
    let wide = "[...document.querySelectorAll('.scroll')].filter((table) => \
                table.checkVisibility() && table.scrollWidth > table.clientWidth + 1)";
    let count = browser.evaluate(&format!("{wide}.length"));
    let count = count.as_u64().unwrap();
    assert!(count > 0, "no table is wide at 390 pixels");
    for index in 0..count {
        browser.evaluate(&format!("{wide}[{index}].focus({{preventScroll: false}})"));
        let left = format!(
            "(() => {{ const table = {wide}[{index}]; \
             return table.scrollWidth - table.clientWidth - table.scrollLeft; }})()"
        );
        let begun = Instant::now();
        while browser.evaluate(&left).as_f64().unwrap() > 1.0 {
            browser.press("ArrowRight");
            assert!(begun.elapsed() < Duration::from_secs(30), "table {index}");
        }
    }
}

/// Reads a point's values with the pointer and with the keyboard.
fn reads_points(browser: &mut Browser) {
    let at = browser.evaluate(
        "(() => { const dot = document.querySelectorAll('#columns circle[data-x]')[7]; \
         dot.scrollIntoView({block: 'center'}); const box = dot.getBoundingClientRect(); \
         return [box.x + box.width / 2, box.y + box.height / 2]; })()",
    );
    let at = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    browser.point_at((at.0 - 200.0, at.1));
    browser.point_at(at);
    let tip = "[...document.querySelectorAll('.tip')].map((tip) => tip.textContent).join('')";
    let read = browser.evaluate(tip);
    // Another point may hide this one, whose values are then the same to a pixel.
    let expected = browser.evaluate(
        "(() => { const ring = document.querySelector('.ring'); \
         const dots = [...document.querySelectorAll('#columns circle[data-x]')]; \
         const dot = dots.find((dot) => dot.closest('svg') === ring.closest('svg') \
         && ['cx', 'cy'].every((at) => dot.getAttribute(at) === ring.getAttribute(at))); \
         const {xName, yName} = dot.parentNode.dataset; \
         return `${xName} ${dot.dataset.x}${yName} ${dot.dataset.y}`; })()",
    );
    assert_eq!(read, expected);
    assert!(read.as_str().unwrap().contains("progression"), "{read}");

    browser.point_at((1.0, 1.0));
    assert_eq!(browser.evaluate(tip), "");
    browser.evaluate("document.querySelector('#columns figure[tabindex]').focus()");
    browser.press("ArrowRight");
    let first = browser.evaluate(tip);
    browser.press("ArrowRight");
    assert!(first != "" && browser.evaluate(tip) != first, "{first}");
    browser.press("Escape");
    assert_eq!(browser.evaluate(tip), "");
}

fn switches_colours(browser: &mut Browser, path: &Path) {
    browser.screen(1280, "light");
    browser.open(path);
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.evaluate(ground);
    let name = browser.evaluate("document.getElementById('theme').textContent");
    browser.evaluate("document.getElementById('theme').focus()");
    browser.press("Enter");
    let dark = browser.evaluate(ground);
    assert_ne!(light, dark);
    assert_eq!(browser.evaluate(BARRIERS), json!([]), "switched to dark");
    assert_ne!(
        browser.evaluate("document.getElementById('theme').textContent"),
        name
    );
    browser.press("Enter");
    assert_eq!(browser.evaluate(ground), light);
    // It is remembered only while the page is open.
    browser.press("Enter");
    browser.open(path);
    assert_eq!(browser.evaluate(ground), light);
    assert_eq!(
        browser.evaluate("localStorage.length + sessionStorage.length"),
        0
    );
}
