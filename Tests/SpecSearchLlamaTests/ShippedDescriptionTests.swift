import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ShippedDescriptionTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/reward-models")

    @Test(
        arguments: [("math-shepherd", 12_902, 648, 387), ("math-psa", 76_325, 488, 481)]
            as [(String, Token, Token, Token)])
    func `The shipped descriptions name the published ids`(name: String, tag: Token, good: Token, bad: Token) throws {
        let description = try RewardDescription.load(path: Self.folder.appending(path: "\(name).json").path)
        #expect(description.kind == .label)
        #expect([description.tagId, description.goodId, description.badId] == [tag, good, bad])
        #expect(description.pathAggregation == .last)
    }
}
