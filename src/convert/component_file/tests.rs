use super::*;
use std::convert::Infallible;

const CARDS: Search = Search {
    name: "VCARD",
    nesting: "AGENT",
    max_octets: 1_000,
};

/// An item as a test writes it: where it is, its line, and its text or fault.
type Seen = (u64, u64, u64, Result<String, Fault>);

/// What is found in a file that comes in pieces of this size.
fn items_in_pieces(file: &[u8], piece_octets: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut visit = |item: Item<'_>| {
        let text = item
            .content
            .map(|component| String::from_utf8_lossy(component.text).into_owned());
        seen.push((item.start, item.end, item.line, text));
        Ok::<(), Infallible>(())
    };
    let mut components = ComponentFile::new(CARDS);
    for piece in file.chunks(piece_octets) {
        let Ok(()) = components.push(piece, &mut visit);
    }
    let Ok(()) = components.finish(&mut visit);
    seen
}

/// What is found, however the file comes.
fn items(file: &[u8]) -> Vec<Seen> {
    let seen = items_in_pieces(file, file.len().max(1));
    for piece_octets in [1, 2, 3, 7] {
        assert_eq!(items_in_pieces(file, piece_octets), seen, "{piece_octets}");
    }
    seen
}

/// The texts and faults alone.
fn contents(file: &str) -> Vec<Result<String, Fault>> {
    let items = items(file.as_bytes()).into_iter();
    items.map(|(.., content)| content).collect()
}

/// The lines and faults of what is no component.
fn faults(file: &str) -> Vec<(u64, Fault)> {
    let items = items(file.as_bytes()).into_iter();
    items
        .filter_map(|(_, _, line, content)| Some((line, content.err()?)))
        .collect()
}

fn whole(text: &str) -> Result<String, Fault> {
    Ok(text.to_owned())
}

#[test]
fn components_are_told_with_their_places() {
    let file = "BEGIN:VCARD\nFN:A\nEND:VCARD\n\nbegin : vcard \nFN:B\n x\n\nEnd:vCard";
    assert_eq!(
        items(file.as_bytes()),
        [
            (0, 27, 1, whole("FN:A\n")),
            (28, file.len() as u64, 5, whole("FN:B\n x\n\n")),
        ]
    );
}

#[test]
fn components_are_found_whatever_ends_the_lines() {
    for line_end in ["\n", "\r\n", "\r\r\n", "\r"] {
        let file = "BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n";
        let file = file.replace('\n', line_end);
        assert_eq!(contents(&file), [whole("FN:A\n"), whole("FN:B\n")]);
    }
    // Where lines end with LF, CR is an octet like others.
    assert_eq!(
        contents("BEGIN:VCARD\nFN:A\rEND:VCARD\nEND:VCARD\n"),
        [whole("FN:A\rEND:VCARD\n")]
    );
}

#[test]
fn components_are_found_in_utf_16_and_behind_marks() {
    let text = "BEGIN:VCARD\r\nFN:Zoë 😀 Ā\u{0A05}Ā\u{0D0D}\u{0A}END:VCARD\r\n";
    let expected = whole("FN:Zoë 😀 Ā\u{0A05}Ā\u{0D0D}\n");
    for mark in ["", "\u{FEFF}"] {
        let text = format!("{mark}{text}{text}");
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for file in [little, big] {
            let half = file.len() as u64 / 2;
            let seen = items(&file);
            assert_eq!(seen.len(), 2);
            assert_eq!(seen[0].3, expected);
            assert_eq!(seen[1].3, expected);
            assert_eq!(seen[1].1, file.len() as u64);
            // The second card alone is found by the place that it is told with.
            let (start, end) = (seen[1].0 as usize, seen[1].1 as usize);
            assert_eq!(start as u64, half + mark.len() as u64 / 3);
            let mut part = ComponentFile::new(CARDS);
            let mut texts = Vec::new();
            let mut visit = |item: Item<'_>| {
                let text = item.content.map(|component| component.text.to_vec());
                texts.push(text.map(|text| String::from_utf8_lossy(&text).into_owned()));
                Ok::<(), Infallible>(())
            };
            let Ok(()) = part.push(&file[start..end], &mut visit);
            let Ok(()) = part.finish(&mut visit);
            assert_eq!(texts, std::slice::from_ref(&expected));
        }
        // Files that were put together have a mark in each.
        assert_eq!(
            contents(&format!("{text}{text}")),
            vec![expected.clone(); 4]
        );
    }
}

#[test]
fn utf_16_that_is_broken_is_damaged() {
    let mut file: Vec<u8> = "BEGIN:VCARD\nFN:?\nEND:VCARD\n"
        .encode_utf16()
        .map(|unit| {
            if unit == u16::from(b'?') {
                0xD800
            } else {
                unit
            }
        })
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut damaged = Vec::new();
    let mut visit = |item: Item<'_>| {
        damaged.push(item.content.map(|component| component.is_damaged));
        Ok::<(), Infallible>(())
    };
    let mut components = ComponentFile::new(CARDS);
    let Ok(()) = components.push(&file, &mut visit);
    file.retain(|octet| *octet != 0xD8);
    let Ok(()) = components.finish(&mut visit);
    assert_eq!(damaged, [Ok(true)]);
}

#[test]
fn component_without_an_end_costs_no_other() {
    let file =
        "BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nEND:VCARD\nBEGIN:VCARD\nFN:C\nEND:VCALENDAR\n";
    assert_eq!(
        faults(file),
        [(1, Fault::NotTerminated), (6, Fault::NotTerminated)]
    );
    assert_eq!(contents(file)[1], whole("FN:B\n"));
    let many = "BEGIN:VCARD\n".repeat(10_000);
    assert_eq!(items_in_pieces(many.as_bytes(), 999).len(), 10_000);
}

#[test]
fn component_may_stand_in_the_property_that_nests_it() {
    // vCard 2.1 §2.4.3
    let inner = "BEGIN:VCARD\nFN:B\nAGENT:\nBEGIN:VCARD\nFN:C\nEND:VCARD\nEND:VCARD\n";
    let text = format!("FN:A\nitem1.agent;X=Y: \n\n{inner}TEL:1\n");
    let file = format!("BEGIN:VCARD\n{text}END:VCARD\n");
    assert_eq!(contents(&file), [whole(&text)]);
    // One that has something in it nests nothing.
    let file = "BEGIN:VCARD\nAGENT:A\nBEGIN:VCARD\nFN:B\nEND:VCARD\n";
    assert_eq!(faults(file), [(1, Fault::NotTerminated)]);
    let deep = "BEGIN:VCARD\nAGENT:\n".repeat(10_000);
    let seen = items_in_pieces(deep.as_bytes(), 999);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].3, Err(Fault::NotTerminated));
}

#[test]
fn begin_and_end_in_a_folded_line_are_text() {
    let text = "NOTE:a\n BEGIN:VCARD\n\tEND:VCARD\nNOTE:BEGIN:VCARD\n";
    let file = format!("BEGIN:VCARD\n{text}END:VCARD\n");
    assert_eq!(contents(&file), [whole(text)]);
    // Outside of a component nothing is folded.
    assert_eq!(contents("\n  BEGIN:VCARD\nEND:VCARD\n"), [whole("")]);
}

#[test]
fn lines_outside_of_components_are_told_once_each_time() {
    let card = "BEGIN:VCARD\nEND:VCARD\n";
    let file = format!("a\nb\n{card}\n \n{card}END:VCARD\nc\n{card}\nd");
    assert_eq!(
        faults(&file),
        [
            (1, Fault::Unrecognized),
            (9, Fault::Unrecognized),
            (14, Fault::Unrecognized),
        ]
    );
    for file in [
        "",
        "\n",
        "a\nb",
        "END:VCARD\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
    ] {
        assert_eq!(items(file.as_bytes()), [], "{file}");
    }
}

#[test]
fn component_that_is_too_large_costs_no_other() {
    let large = "NOTE:x\n".repeat(1_000);
    let long = "x".repeat(3_000);
    let most = format!("NOTE:{}\n", "x".repeat(1_000 - 6));
    let file = format!(
        "BEGIN:VCARD\n{large}END:VCARD\nBEGIN:VCARD\nNOTE:{long}\nEND:VCARD\n{long}\nBEGIN:VCARD\n{most}END:VCARD\n"
    );
    assert_eq!(
        faults(&file),
        [
            (1, Fault::TooLarge),
            (1003, Fault::TooLarge),
            (1006, Fault::Unrecognized)
        ]
    );
    assert_eq!(contents(&file)[3], whole(&most));
}
