internal import HTTPTypes
internal import Hummingbird

/// The check of keys: lets in whoever has one.
struct Authentication: RouterMiddleware {
    let keys: KeyRing
    let isPublic: @Sendable (Request) -> Bool

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard !keys.isEmpty, !isPublic(request) else { return try await next(request, context) }
        guard let key = Self.key(of: request), let owner = keys.owner(of: key) else { throw APIError.unauthorized }
        var context = context
        context.caller = owner
        return try await next(request, context)
    }

    private static func key(of request: Request) -> String? {
        if let key = request.headers[.apiKey] { return key }
        guard let header = request.headers[.authorization], header.count > 7,
            header.prefix(7).lowercased() == "bearer "
        else { return nil }
        return String(header.dropFirst(7)).trimmingPrefix(while: \.isWhitespace).description
    }
}
