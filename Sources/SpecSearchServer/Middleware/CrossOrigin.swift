internal import HTTPTypes
internal import Hummingbird

/// Which pages of other origins may use the API.
struct OriginPolicy: Sendable {
    private let origins: Set<Origin>
    private let allowsAll: Bool
    /// Whether any other origin is allowed.
    let isOpen: Bool

    /// - Parameter names: Origins, or `*` for all.
    init(_ names: Set<String>) {
        allowsAll = names.contains("*")
        origins = Set(names.compactMap(Origin.init))
        isOpen = !names.isEmpty
    }

    func allows(_ origin: String) -> Bool { allowsAll || Origin(origin).map(origins.contains) ?? false }
}

/// The answers to pages of other origins: those of allowed ones may use the API, and all others are refused.
///
/// That a browser hides an answer from such a page is not enough: a request alone can start a search. Browsers say where a
/// request comes from by `Origin` and `Sec-Fetch-Site`; other clients say nothing.
struct CrossOrigin: RouterMiddleware {
    let policy: OriginPolicy

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let origin = request.headers[.origin]
        let allowed = origin.flatMap { policy.allows($0) ? $0 : nil }
        var response: Response
        if let allowed, request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            response = Self.preflight(of: allowed, request)
        } else if allowed == nil, Self.isForeign(request, origin) {
            response = try Self.refusal.response(from: request, context: context)
        } else {
            response = try await next(request, context)
        }
        if let allowed {
            response.headers[.accessControlAllowOrigin] = allowed
            response.headers[.accessControlExposeHeaders] =
                "location, retry-after, retry-after-ms, x-request-id, x-should-retry"
        }
        if policy.isOpen { response.headers[.vary] = (response.headers[.vary].map { "\($0), " } ?? "") + "Origin" }
        return response
    }

    private static let refusal = APIError(
        statusCode: 403, type: "permission_error",
        message: "Pages of other origins may not ask this server: allow theirs by --cors-origin.",
        code: "foreign_origin")

    /// Whether a page of another origin asks.
    private static func isForeign(_ request: Request, _ origin: String?) -> Bool {
        let site = request.headers[.secFetchSite]?.lowercased()
        if site == "same-origin" || site == "none" { return false }
        if let origin {
            guard let origin = Origin(origin), let authority = request.head.authority.flatMap(Authority.init) else {
                return true
            }
            return !origin.isServed(at: authority)
        }
        // A link to the page may be followed from anywhere.
        let isLink =
            [.get, .head].contains(request.method) && request.headers[.secFetchMode]?.lowercased() == "navigate"
        return site == "cross-site" && !isLink
    }

    private static func preflight(of origin: String, _ request: Request) -> Response {
        // Clients have header fields of their own, such as X-Stainless-OS; none of them does anything here.
        let usual = "authorization, content-type, x-api-key, x-request-id, last-event-id"
        let asked = request.headers[.accessControlRequestHeaders].map { ", \($0)" } ?? ""
        var headers: HTTPFields = [
            .accessControlAllowMethods: "GET, HEAD, POST, DELETE, OPTIONS",
            .accessControlAllowHeaders: usual + asked, .accessControlMaxAge: "600",
            .vary: "Access-Control-Request-Headers",
        ]
        if request.headers[.accessControlRequestPrivateNetwork] == "true" {
            headers[.accessControlAllowPrivateNetwork] = "true"
        }
        return Response(status: .noContent, headers: headers)
    }
}
