internal import Foundation
internal import SpecSearch
internal import SpecSearchServer

/// A body is refused with status 400 and a message, or its search is within the server's limits; and a text ends at the
/// same stop however it comes in parts.
enum RequestCheck {
    static func check(_ bytes: [UInt8]) throws {
        let limits = ServerConfiguration.Limits()
        for form in [GenerationRequest.Form.chat, .completion, .search] {
            do {
                let request = try GenerationRequest(Data(bytes), as: form, limits: limits)
                let search = try request.configuration(SearchConfiguration(), limits: limits)
                try search.validate()
                let seconds = search.budget.seconds ?? .infinity
                try Violation.unless(
                    search.beams <= limits.beams && search.speculation.width <= limits.width
                        && search.maximumDepth <= limits.depth && search.iterations ?? 1 <= limits.iterations
                        && search.sampling.maximumTokens <= limits.stepTokens && seconds <= limits.seconds
                        && request.problem.count <= limits.problemCharacters, "a search beyond the limits")
                try checkStops(request)
            } catch let error as APIError {
                try Violation.unless(
                    error.statusCode == 400 && !error.message.isEmpty, "a refusal with status \(error.statusCode)")
                _ = try JSONEncoder().encode(error)
            }
        }
    }

    private static func checkStops(_ request: GenerationRequest) throws {
        guard !request.stops.isEmpty else { return }
        let text = String(request.problem.unicodeScalars.prefix(2000))
        let whole = GenerationAnswer.cut(text, at: request.stops)
        for size in [1, 3] {
            var filter = StopFilter(request.stops)
            var told = ""
            var rest = text.unicodeScalars[...]
            while !rest.isEmpty {
                told += filter.pass(String(String.UnicodeScalarView(rest.prefix(size))))
                rest = rest.dropFirst(size)
            }
            told += filter.pass("", isLast: true)
            try Violation.unless(
                told.unicodeScalars.elementsEqual(whole.unicodeScalars),
                "\(whole.debugDescription) in parts is \(told.debugDescription)")
        }
    }
}
