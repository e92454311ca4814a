internal import Foundation
internal import SpecSearch
internal import SpecSearchServer

/// The check of a request's body: it is refused with status 400 and a message, or its search is within the server's limits;
/// and a text ends at the same stop however it comes in parts.
enum RequestCheck {
    static func check(_ bytes: [UInt8]) throws {
        let limits = ServerConfiguration.Limits()
        let model = ServedModel(id: "toy", engine: Engine())
        for form in [GenerationRequest.Form.chat, .completion, .response, .search] {
            do {
                let request = try GenerationRequest(Data(bytes), as: form, limits: limits)
                let search = try request.search(by: model, limits: limits)
                guard let configuration = search.configuration else { throw Violation(description: "no settings") }
                try configuration.validate()
                for (key, range) in limits.settings {
                    guard let value = SearchSetting.named(key)?.value(in: configuration) else { continue }
                    let number = Double(value.description) ?? .nan
                    try Violation.unless(range.contains(number), "\(key) is \(value), beyond the limits")
                }
                try Violation.unless(
                    search.options.budget.seconds != nil && configuration.sampling.maximumTokens != nil
                        && request.problem.count <= limits.problemCharacters
                        && request.problems.count <= limits.prompts && request.count <= limits.choices,
                    "a search without a limit")
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
            var passed = ""
            var rest = text.unicodeScalars[...]
            while !rest.isEmpty {
                passed += filter.pass(String(String.UnicodeScalarView(rest.prefix(size))))
                rest = rest.dropFirst(size)
            }
            passed += filter.pass("", isLast: true)
            try Violation.unless(
                passed.unicodeScalars.elementsEqual(whole.unicodeScalars),
                "\(whole.debugDescription) in parts is \(passed.debugDescription)")
        }
    }
}
