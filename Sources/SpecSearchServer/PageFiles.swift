/// The files of the page, which are part of the program.
enum PageFiles {
    static var html: String { text(PackageResources.index_html) }
    static var style: String { text(PackageResources.page_css) }
    static var openAPI: String { text(PackageResources.openapi_json) }

    /// The page's scripts, one after the other: what a trace means, how it is drawn, and what the reader does.
    static var script: String {
        [
            PackageResources.trace_js, PackageResources.layout_js, PackageResources.tree_js,
            PackageResources.charts_js, PackageResources.live_js, PackageResources.page_js,
        ].map(text).joined(separator: "\n")
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
