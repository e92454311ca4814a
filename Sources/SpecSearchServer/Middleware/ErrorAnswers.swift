internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import SpecSearch

/// Makes answers of errors, all in one form.
struct ErrorAnswers: RouterMiddleware {
    /// The methods that a path knows; empty for an unknown path.
    let methods: @Sendable (String) -> [HTTPRequest.Method]

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            return try error.response(from: request, context: context)
        } catch is CancellationError {
            return try APIError.clientGone.response(from: request, context: context)
        } catch let error as any HTTPResponseError {
            return try response(error, request, context)
        } catch {
            context.log.error("The request failed", metadata: ["error": "\(SpecSearchError.logged(error))"])
            return try APIError(error).response(from: request, context: context)
        }
    }

    /// The framework's own refusals.
    private func response(
        _ error: any HTTPResponseError, _ request: Request, _ context: ServerContext
    ) throws -> Response {
        let status = try error.response(from: request, context: context).status
        guard status == .notFound else {
            return try APIError(
                statusCode: status.code, type: status.code < 500 ? "invalid_request_error" : "server_error",
                message: status == .contentTooLarge ? "The body is too large." : "The request is not understood."
            ).response(from: request, context: context)
        }
        // The router does not tell an unknown path from an unknown method.
        let methods = request.head.path == "*" ? [.get, .head, .post, .delete, .options] : methods(request.uri.path)
        let allowed = methods.map(\.rawValue).joined(separator: ", ")
        if request.method == .options, !methods.isEmpty {
            return Response(status: .noContent, headers: [.allow: allowed])
        }
        guard Self.known.contains(request.method) else {
            return try APIError(
                statusCode: 501, type: "invalid_request_error", message: "There is no such method.",
                code: "method_not_implemented"
            ).response(from: request, context: context)
        }
        guard methods.isEmpty else {
            var response = try APIError(
                statusCode: 405, type: "invalid_request_error",
                message: "The route does not know this method: \(allowed) are known.", code: "method_not_allowed"
            ).response(from: request, context: context)
            response.headers[.allow] = allowed
            return response
        }
        return try APIError.notFound("There is no such route.", code: "not_found").response(
            from: request, context: context)
    }

    /// The methods of RFC 9110 that are about a resource, and PATCH.
    private static let known: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .options, .trace, .patch]
}
