internal import Checksums
internal import Foundation
public import SpecSearch

/// A trace as one HTML file that needs no server, for a colleague.
public enum TracePage {
    /// The page, with the trace in it; it loads nothing, and asks nobody for anything.
    ///
    /// - Parameters:
    ///   - trace: A trace that can be read.
    ///   - kept: Another one, to be shown beside it.
    /// - Throws: What writing JSON throws.
    public static func html(_ trace: SearchTrace, beside kept: SearchTrace? = nil) throws -> String {
        let traces = try ([trace] + (kept.map { [$0] } ?? [])).map(embedded)
        // Only texts with LaTeX in them, where backslashes and dollars stand, need what draws it.
        let hasFormulas = traces.contains { $0.contains("\\\\") || $0.contains("$") }
        let scripts = (hasFormulas ? [KaTeX.script] : []) + [PageFiles.script]
        let policy =
            "default-src 'none'; script-src \(scripts.map(source).joined(separator: " ")); style-src \(source(PageFiles.style)); "
            + "img-src data: blob:; base-uri 'none'; form-action 'none'"
        return PageFiles.html
            .replacing(
                "<meta charset=\"utf-8\">",
                with: "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\">"
            )
            .replacing("<link rel=\"stylesheet\" href=\"page.css\">", with: "<style>\(PageFiles.style)</style>")
            .replacing(asking, with: "")
            .replacing(
                "<script src=\"katex.js\"></script>\n<script src=\"page.js\"></script>",
                with: (traces.map { "<script type=\"application/x-ndjson\" class=\"saved-trace\">\n\($0)</script>" }
                    + scripts.map { "<script>\($0)</script>" }).joined(separator: "\n"))
    }

    /// The trace as it stands in a script element that is not run; without "<" it cannot end it.
    package static func embedded(_ trace: SearchTrace) throws -> String {
        String(decoding: try trace.encoded(), as: UTF8.self).replacingOccurrences(of: "<", with: "\\u003c")
    }

    /// The part of the page that needs a server.
    private static var asking: String {
        let page = PageFiles.html
        guard let start = page.firstRange(of: "<section class=\"ask\""),
            let end = page[start.upperBound...].firstRange(of: "</section>\n")
        else { return "" }
        return String(page[start.lowerBound..<end.upperBound])
    }

    /// A content security policy's word for one inline script or style.
    private static func source(_ text: String) -> String {
        "'sha256-\(Data(SHA256.hash(text.utf8)).base64EncodedString())'"
    }
}
