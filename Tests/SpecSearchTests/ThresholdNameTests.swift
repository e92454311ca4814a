import SpecSearch
import Testing

@Suite struct ThresholdNameTests {
    @Test func `SpecReason's rule is 7 points of the target's, unless said`() throws {
        #expect(ThresholdEstimator(name: "specreason") == .fixed(7.0 / 9))
        #expect(ThresholdEstimator(name: "specreason:4.5") == .fixed(0.5))
        for name in ["specreason:", "specreason:10", "specreason:-1", "specreason:x", "specreason:nan", "magic", ""] {
            #expect(ThresholdEstimator(name: name) == nil, "\(name)")
        }
    }

    @Test func `RSD's rule has its name`() {
        #expect(ThresholdEstimator(name: "rsd") == .fixed(0.7))
        #expect(ThresholdEstimator(name: "rsd") == .rewardGuided)
        #expect(ThresholdEstimator(name: "rsd:0.5") == .fixed(0.5))
    }

    @Test(arguments: ["max", "mean", "ucb:1.5", "quantile:0.3", "fixed:0.7", "random:0.2", "none", "infinite"])
    func `A name reads back as the same estimator`(name: String) throws {
        let estimator = try #require(ThresholdEstimator(name: name))
        #expect(ThresholdEstimator(name: estimator.description) == estimator)
    }

    @Test(arguments: ["", "maximum", "max:1", "quantile", "quantile:2", "fixed:nan", "random:-1", "ucb:inf", "rsd:inf"])
    func `A wrong name is refused`(name: String) {
        #expect(ThresholdEstimator(name: name) == nil)
    }
}
