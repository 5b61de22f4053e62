//! Text in columns. Cells are cleaned before they are measured.

use grapnel_model::text::clean_line;
use unicode_width::UnicodeWidthStr;

/// The gap between two columns.
const GAP: &str = "  ";

/// Rows below a header, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let head = head.map(str::to_owned);
    align(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// Like [`table`], without the columns that have no value.
pub(crate) fn table_of_filled<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let filled: Vec<usize> =
        (0..N).filter(|column| rows.iter().any(|row| !row[*column].is_empty())).collect();
    let cells =
        |row: &[String; N]| -> Vec<String> { filled.iter().map(|column| row[*column].clone()).collect() };
    let head = head.map(str::to_owned);
    align(&std::iter::once(&head).chain(&rows).map(cells).collect::<Vec<_>>())
}

/// Lines of a name and a value. Empty values are omitted.
pub(crate) fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let filled = fields.into_iter().filter(|(_, value)| !value.is_empty());
    align(&filled.map(|(name, value)| [format!("{name}:"), value]).collect::<Vec<_>>())
}

fn align<R: AsRef<[String]>>(rows: &[R]) -> String {
    let clean = |row: &R| row.as_ref().iter().map(|cell| clean_line(cell)).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(clean).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let padding = " ".repeat(width - cell.width());
            format!("{cell}{padding}")
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_every_script() {
        let rows = [["世界".to_owned(), "x".to_owned()], ["Anchor".to_owned(), "y".to_owned()]];
        assert_eq!(table(["NAME", "ID"], rows), "NAME    ID\n世界    x\nAnchor  y");
    }

    #[test]
    fn a_column_without_values_can_be_left_out() {
        let row = |environment: &str| [["a".to_owned(), environment.to_owned(), "x".to_owned()]];
        let head = ["NAME", "ENVIRONMENT", "ID"];
        assert_eq!(table_of_filled(head, row("")), "NAME  ID\na     x");
        assert_eq!(table_of_filled(head, row("Staging")), "NAME  ENVIRONMENT  ID\na     Staging      x");
    }
}
