internal import Foundation
internal import NIOCore

/// The form in which a route answers: as a whole, and in the parts of a stream.
///
/// A form is a value of one answer; it counts what has been sent.
protocol AnswerForm: Sendable {
    /// The whole answer.
    func whole(_ answers: [GenerationAnswer], _ account: GenerationAccount) -> any Encodable & Sendable

    /// What comes before everything else.
    mutating func begin() throws -> [ByteBuffer]
    /// A step of a choice that is not its answer.
    mutating func step(_ text: String, of choice: Int) throws -> [ByteBuffer]
    /// The end of a choice, all of whose steps were sent.
    mutating func end(_ answer: GenerationAnswer, of choice: Int, _ account: GenerationAccount) throws -> [ByteBuffer]
    /// What comes after everything else.
    mutating func finish(_ account: GenerationAccount) throws -> [ByteBuffer]
    /// What comes after everything that was sent before something failed.
    mutating func fail(_ error: APIError) throws -> [ByteBuffer]
}

extension GenerationRequest {
    /// The form of the answer to this request.
    func answerForm(model: String) -> any AnswerForm {
        form == .response ? ResponseForm(self, model: model) : CompletionForm(self, model: model)
    }
}
