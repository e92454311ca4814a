internal import HTTPTypes
internal import Hummingbird

/// The page and the description of the API.
struct PageRoutes: Sendable {
    /// Nothing but this server's own files may be loaded, run or asked.
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    let settings: OfferedSettings

    func routes() throws -> [Route] {
        func file(_ path: String, _ type: String, _ text: String) -> Route {
            Route(.get, path, isPublic: true) { _, _ in
                .text(text, type: type, headers: [.contentSecurityPolicy: Self.policy, .cacheControl: "no-cache"])
            }
        }
        return [
            file("/", "text/html; charset=utf-8", settings.page),
            file("/page.css", "text/css; charset=utf-8", PageFiles.style),
            file("/katex.js", "text/javascript; charset=utf-8", KaTeX.script),
            file("/page.js", "text/javascript; charset=utf-8", PageFiles.script),
            file("/openapi.json", "application/json", try settings.openAPI()),
        ]
    }
}
