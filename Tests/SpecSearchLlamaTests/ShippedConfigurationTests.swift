import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ShippedConfigurationTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/reward-models")

    @Test(
        arguments: [("math-shepherd", 12_902, 648, 387), ("math-psa", 76_325, 488, 481)]
            as [(String, Token, Token, Token)])
    func `The shipped configurations name the published ids`(name: String, stepToken: Token, good: Token, bad: Token)
        throws
    {
        let configuration = try RewardModelConfiguration.load(path: Self.folder.appending(path: "\(name).json").path)
        #expect(configuration.kind == .label)
        #expect([configuration.stepTokenId, configuration.goodId, configuration.badId] == [stepToken, good, bad])
        #expect(configuration.pathAggregation == .last)
    }
}
