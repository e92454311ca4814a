/// A table that reads well as text and as Markdown: the first column to the left, the others to the right.
///
/// Cells are taken as they are; a row that is too short is filled up.
public struct MarkdownTable: Sendable {
    public var header: [String]
    public var rows: [[String]]

    public init(header: [String], rows: [[String]]) {
        self.header = header
        self.rows = rows
    }

    /// The table for a terminal: in parts of at most 80 columns, each with the first column, where it is wider.
    public var lines: [String] { lines(fitting: 80) }

    /// The table in parts that fit a width, a blank line between two of them; a cell that is wider than that makes its part
    /// wider, and the first column gives way first.
    public func lines(fitting width: Int) -> [String] {
        let grid = [header] + rows
        let columns = grid.map(\.count).max() ?? 0
        func size(_ column: Int) -> Int {
            max(grid.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0, 2)
        }
        let widest = (1..<max(columns, 1)).map(size).max() ?? 0
        // "| " and " |" around the first column, and " | " before the widest.
        let room = max(width - 4 - (columns > 1 ? widest + 3 : 0), 8)
        let first = min(size(0), room)
        var parts: [[Int]] = []
        var used = 0
        for column in 1..<max(columns, 1) {
            let more = size(column) + 3
            if parts.isEmpty || used + more > width {
                parts.append([])
                used = first + 4
            }
            parts[parts.count - 1].append(column)
            used += more
        }
        if parts.isEmpty { parts = [[]] }
        func cut(_ row: [String]) -> [String] {
            row.enumerated().map { $0 == 0 && $1.count > first ? $1.prefix(first - 1) + "…" : $1 }
        }
        let tables = parts.map { part in
            func picked(_ row: [String]) -> [String] {
                cut(([0] + part).map { row.indices.contains($0) ? row[$0] : "" })
            }
            return MarkdownTable(header: picked(header), rows: rows.map(picked)).wholeLines
        }
        return Array(tables.joined(separator: [""]))
    }

    /// The table in one part.
    private var wholeLines: [String] {
        let columns = ([header] + rows).map(\.count).max() ?? 0
        let grid = ([header] + rows).map { $0 + Array(repeating: "", count: columns - $0.count) }
        let widths = (0..<columns).map { column in max(grid.map { $0[column].count }.max() ?? 0, 2) }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + space : space + cell.0
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        let rule = widths.enumerated().map { index, width in
            String(repeating: "-", count: width - (index == 0 ? 0 : 1)) + (index == 0 ? "" : ":")
        }
        return [line(grid[0]), line(rule)] + grid.dropFirst().map(line)
    }
}
