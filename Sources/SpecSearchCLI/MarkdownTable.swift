/// A table that reads well as text and as Markdown: the first column to the left, the others to the right.
struct MarkdownTable {
    var header: [String]
    var rows: [[String]]

    var lines: [String] {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { index, cell in
                index == 0 ? cell.padded(widths[index]) : cell.leftPadded(widths[index])
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        let rule = widths.enumerated().map { index, width in
            index == 0 ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
        }
        return [line(header), line(rule)] + rows.map(line)
    }
}
