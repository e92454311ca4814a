/// The files of the page, which are part of the program.
enum PageFiles {
    static var html: String { text(PackageResources.index_html) }
    static var openAPI: String { text(PackageResources.openapi_json) }

    static var style: String {
        joined(PackageResources.page_css, PackageResources.text_css, PackageResources.tree_css)
    }

    /// The page's scripts, one after the other, so that each stands on those before it: elements, what a trace is, how its
    /// text and its tree are drawn, and what the reader does.
    static var script: String {
        joined(
            PackageResources.dom_js, PackageResources.events_js,
            PackageResources.label_js, PackageResources.math_js, PackageResources.markdown_js,
            PackageResources.said_js, PackageResources.trace_js,
            PackageResources.layout_js, PackageResources.card_js, PackageResources.tree_js,
            PackageResources.gestures_js, PackageResources.charts_js, PackageResources.live_js,
            PackageResources.memory_js, PackageResources.export_js,
            PackageResources.panels_js, PackageResources.compare_js, PackageResources.controls_js,
            PackageResources.replay_js, PackageResources.page_js)
    }

    private static func joined(_ files: [UInt8]...) -> String { files.map(text).joined(separator: "\n") }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
