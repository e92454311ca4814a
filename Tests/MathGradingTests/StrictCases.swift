import Foundation

/// Pairs judged by hand, one a line: equal (≡) or unequal (≢) in the strict mode.
enum StrictCases {
    static let numbers = #"""
        5 ≡ 5.0
        5 ≡ +5
        -5 ≢ 5
        007 ≡ 7
        0 ≡ -0
        0 ≢ 1e-8
        .5 ≡ 0.5
        5. ≡ 5
        0.50 ≡ 1/2
        \frac{1}{2} ≡ 0.5
        \frac12 ≡ 1/2
        \dfrac{1}{2} ≡ \tfrac12
        \frac{2}{4} ≡ \frac{1}{2}
        \frac{-1}{2} ≡ -\frac12
        -1/2 ≡ \frac{1}{-2}
        \frac 34 ≡ 0.75
        \frac9{19} ≡ 9/19
        ½ ≡ 0.5
        1\frac{1}{2} ≡ 3/2
        1\frac{1}{2} ≡ 1.5
        1 1/2 ≡ 3/2
        -1\frac{1}{2} ≡ -1.5
        1\frac{1}{2} ≢ \frac{1}{2}
        11/2 ≢ 1 1/2
        \frac{1}{3} ≢ 0.333
        1/3 ≢ 0.33333333333333333
        0.\overline{3} ≡ 1/3
        0.1\overline{6} ≡ 1/6
        0.\bar{9} ≡ 1
        0.\overline{12} ≢ 0.12
        123456789 ≢ 123456788
        123456789012345678901234567890 ≡ 123456789012345678901234567890.0
        123456789012345678901234567890 ≢ 123456789012345678901234567891
        1,234 ≡ 1234
        1,234,567 ≡ 1234567
        10,000 ≡ 10000
        10,\!080 ≡ 10080
        11,\! 111,\! 111,\! 100 ≡ 11111111100
        1{,}234 ≡ 1234
        10\,080 ≡ 10080
        1 000 000 ≡ 1000000
        1,234.5 ≡ 1234.50
        1,23 ≢ 123
        1,2 ≢ 12
        1,234 ≢ (1,234)
        1234 ≢ 1,2345
        0,123 ≢ 123
        1.0e3 ≡ 1000
        1e-3 ≡ 0.001
        6.02 \times 10^{23} ≡ 6.02e23
        3 \cdot 10^8 ≡ 300000000
        1.5E3 ≡ 1500
        5 ≢ 5.0000001
        50 ≢ 0.5
        500 ≢ 5
        3.14 ≢ \pi
        1.414 ≢ \sqrt{2}
        1.4142135623730951 ≢ \sqrt{2}
        3.141592653589793 ≢ \pi
        2^{10} ≡ 1024
        2^10 ≡ 1024
        2^{-1} ≡ 0.5
        (-2)^3 ≡ -8
        -2^2 ≡ -4
        5! ≡ 120
        \binom{5}{2} ≡ 10
        |{-3}| ≡ 3
        |-3| ≡ 3
        \lfloor 3.7 \rfloor ≡ 3
        \lceil 3.2 \rceil ≡ 4
        2+3 ≡ 5
        2*3 ≡ 6
        2 \times 3 ≡ 6
        8 \div 2 ≡ 4
        4−1 ≡ 3
        five ≡ 5
        twenty-one ≡ 21
        Two hundred and six ≡ 206
        \text{three} ≡ 3
        3 million ≡ 3000000
        five ≢ 6
        1{0 ≢ 10
        $5$ ≡ 5
        \(5\) ≡ 5
        \[5\] ≡ 5
        **5** ≡ 5
        5. ≡ 5
        {5} ≡ 5
        (5) ≡ 5
        {3 \over 4} ≡ 0.75
        {10 \choose 3} ≡ 120
        5**2 ≡ 25
        0.\dot{3} ≡ \frac13
        0.333... ≢ 0.333
        １２ ≡ 12
        6/2(1+2) ≡ 9
        2^3^2 ≡ 512
        --3 ≡ 3
        \frac{-3}{-4} ≡ 0.75
        1/0 ≢ 2/0
        100! ≢ 100!+1
        11/2 ≢ 11 /3
        """#

    static let units = #"""
        5 \text{ cm} ≡ 5
        5 cm ≡ 5
        5cm ≡ 5
        5 cm ≡ 5 \text{ cm}
        5 centimeters ≡ 5 cm
        5 cm ≢ 5 m
        5 cm ≢ 6 cm
        5 m ≡ 5
        5 m ≡ 5m
        \text{\$}5 ≡ 5
        5\,\mathrm{cm} ≡ 5\text{ cm}
        15\mbox{ cm}^2 ≡ 15
        15\mbox{ cm}^2 ≡ 15 \text{ square centimeters}
        15\mbox{ cm}^2 ≢ 15\mbox{ cm}
        864 \mbox{ inches}^2 ≡ 864 square inches
        5 feet ≡ 5 ft
        5 feet ≢ 5 inches
        60 mph ≡ 60 miles per hour
        60 \text{ km/h} ≡ 60 km/h
        60 mph ≢ 60 km/h
        5 apples ≡ 5
        5 apples ≢ 5 oranges
        1 apple ≡ 1 apples
        5 minutes ≡ 5 min
        5 hours ≢ 5 minutes
        3 \text{ or more} ≢ 3
        \$5 ≡ 5
        $5 ≡ 5
        $5 ≡ \$5.00
        $5 ≡ 5 dollars
        -\$5 ≡ -5
        \$1,234 ≡ 1234
        \$32,\!348 ≡ 32348
        $18.90 ≡ 18.9
        $5 ≢ 5 cents
        $5 ≢ €5
        $5 ≢ $6
        50 cents ≡ \$0.50
        \$3.5 million ≡ 3500000
        5^\circ ≡ 5
        5^{\circ} ≡ 5°
        5 \text{ degrees} ≡ 5^\circ
        \frac{270}7\text{ degrees} ≡ 270/7
        90^\circ ≡ \frac{\pi}{2} \text{ radians}
        180^\circ ≢ \pi
        90^\circ ≢ 80^\circ
        90^\circ ≢ 90 cm
        10\% ≡ 10
        10% ≡ 10\%
        10\% ≡ 0.1
        50\% ≡ \frac{1}{2}
        50\% ≢ 0.05
        50\% ≢ 5
        50\% ≢ 5000
        12.5 percent ≡ 12.5\%
        10\% ≢ 10 cm
        \frac{1}{2}\% ≡ 0.5\%
        """#

    static let algebra = #"""
        5\sqrt{2} ≡ \sqrt{50}
        \frac{\sqrt{3}}{3} ≡ 1/\sqrt3
        \sqrt2 ≡ \sqrt{2}
        √2 ≡ sqrt(2)
        \sqrt{8} ≢ 2
        \sqrt{4} ≡ 2
        \sqrt[3]{8} ≡ 2
        \sqrt[3]{-8} ≡ -2
        \sqrt[3]{2}\sqrt[3]{4} ≡ 2
        2^{1/2} ≡ \sqrt{2}
        \frac{1}{\sqrt{2}-1} ≡ \sqrt{2}+1
        \sqrt{3+2\sqrt{2}} ≡ 1+\sqrt{2}
        (\sqrt{5}+1)/2 ≡ \frac{1+\sqrt5}{2}
        \sqrt{-4} ≡ 2i
        \sqrt{2}+\sqrt{3} ≢ \sqrt{5}
        11 \sqrt{5} + 11 ≡ 11(1+\sqrt5)
        3\pi/2 ≡ \frac{3\pi}{2}
        \frac{3}{2}\pi ≡ 1.5\pi
        2π ≡ 2\pi
        pi ≡ \pi
        \pi ≢ 2\pi
        2+3i ≡ 3i+2
        i^2 ≡ -1
        (1+i)^2 ≡ 2i
        \frac{1}{i} ≡ -i
        6 - 5i ≢ 6 + 5i
        3j+1 ≢ 3i+1
        x^2+2x+1 ≡ (x+1)^2
        (a+5)(b+2) ≡ ab + 2a + 5b + 10
        2(x-3) ≡ 2x-6
        \frac{x^2-1}{x-1} ≡ x+1
        \frac{x}{2} ≡ \frac{1}{2}x
        x/y ≢ y/x
        6r^2-4r-24 ≡ 2(3r^2-2r-12)
        3R^2 ≢ 3r^2
        2k+2 ≡ 2(k+1)
        p - q ≢ q - p
        x^{10} ≢ x^{1}y
        xy ≡ yx
        2xy ≡ 2 y x
        a_1 + a_2 ≡ a_2+a_1
        x_1 ≢ x_2
        x_{12} ≢ x_1
        x+10^{-12} ≢ x
        \frac{1}{x}+\frac{1}{y} ≡ \frac{x+y}{xy}
        \cot x ≡ \frac{1}{\tan x}
        \cot x ≡ \frac{\cos x}{\sin x}
        \sin^2 x + \cos^2 x ≡ 1
        \sin 2x ≡ 2\sin x\cos x
        \sin x ≢ \cos x
        \sin 30^\circ ≡ 1/2
        \sin(\pi/6) ≡ 0.5
        \arctan 1 ≡ \frac{\pi}{4}
        \tan^{-1} 1 ≡ \pi/4
        \ln e ≡ 1
        \ln 2 ≢ 0.6931471805599453
        \log_2 8 ≡ 3
        \log_{10} 1000 ≡ 3
        e^{2x} ≡ (e^x)^2
        \exp(x) ≡ e^x
        e^{i\pi} ≡ -1
        \sqrt{x^2} ≢ x
        x^{1/2} ≡ \sqrt{x}
        (n+1)! ≡ (n+1)n!
        \binom{n}{2} ≡ \frac{n(n-1)}{2}
        2^{x+1} ≡ 2 \cdot 2^x
        2^x ≢ x^2
        \frac{n!}{(n-1)!} ≡ n
        2\mathbf{i}+3\mathbf{j} ≡ 3\mathbf{j} + 2\mathbf{i}
        |x| ≢ x
        |x-1| ≡ |1-x|
        \ln(ab) ≢ \ln a \ln b
        \sin(x+y) ≡ \sin x\cos y+\cos x\sin y
        \frac{\sqrt{6}+\sqrt{2}}{4} ≡ \cos 15^\circ
        \left\lfloor \frac{n}{2} \right\rfloor ≡ \lfloor n/2 \rfloor
        \theta+1 ≡ 1+\theta
        \alpha ≢ \beta
        -\left(\frac{1}{2}\right)^{2} ≡ -\frac14
        \frac{20000}{\pi} ≡ 20000/\pi
        x^2\frac{1}{3} ≡ \frac{x^2}{3}
        1 \pm \sqrt{19} ≡ 1+\sqrt{19}, 1-\sqrt{19}
        1 \pm \sqrt{19} ≡ \{1-\sqrt{19}, 1+\sqrt{19}\}
        1 \pm \sqrt{19} ≢ 1+\sqrt{19}
        \pm 3 ≡ -3, 3
        \{1\pm\sqrt{5},-2\} ≡ \{-2, 1+\sqrt5, 1-\sqrt5\}
        \infty ≡ ∞
        \infty ≢ -\infty
        """#

    static let structures = #"""
        (1,2) ≡ (1, 2)
        (1,2) ≡ \left( 1 , 2 \right)
        (1,2) ≢ [1,2]
        (1,2) ≢ (2,1)
        (1,2) ≢ (1,2,3)
        (1,2] ≢ (1,2)
        [1,2] ≡ [1.0, 4/2]
        (1,2) ≢ 1,2
        (1,234) ≢ (1234)
        (1,234) ≡ (1, 234)
        (\frac12, 0.5) ≡ (0.5, \frac{1}{2})
        ((1,2),3) ≢ (1,(2,3))
        \langle 1,2\rangle ≡ (1,2)
        1,2 ≡ 1, 2
        1,2 ≢ 2,1
        3, 5, 7 ≡ 3,5,7
        3, 5, 7 ≢ 3, 5
        1, 234 ≢ 1,234
        10 and 12 ≡ 10, 12
        10 and 12 ≢ 1012
        10 \text{ and } 12 ≡ 12 and 10
        1, 2, and 3 ≡ 1, 2, 3
        \{1,2\} ≡ \{2,1\}
        {1,2} ≡ {2,1}
        \{1,2\} ≡ 1, 2
        \{1,2\} ≢ \{1,3\}
        \{1,2\} ≢ (1,2)
        \{1,2\} ≢ [1,2]
        \{1,2\} ≢ \{1,2,3\}
        \{ 0.5 \} ≡ \{ \frac{1}{2} \}
        \emptyset ≡ \varnothing
        \emptyset ≡ \{\}
        \emptyset ≡ ∅
        \emptyset ≢ 0
        \emptyset ≢ \{0\}
        (-\infty, 3] ≡ (-∞,3]
        (-\infty, 3] ≢ (-\infty, 3)
        (-\infty, 2) \cup (3, \infty) ≡ (3,\infty)\cup(-\infty,2)
        (0,9) \cup (9,36) ≢ (0,36)
        x \in (1,2) ≡ (1,2)
        x \in [-2,7] ≡ [-2,7]
        -2 \le x \le 7 ≡ x \in [-2,7]
        -2 \leq x \leq 7 ≡ [-2,7]
        -2 < x < 7 ≢ [-2,7]
        7 \ge x \ge -2 ≡ [-2,7]
        x > 3 ≡ (3,\infty)
        x > 3 ≡ 3 < x
        x \geq 3 ≢ x > 3
        x > 3 ≢ x < 3
        x \le 3 ≡ (-\infty, 3]
        2x > 6 ≡ x > 3
        -x > 3 ≡ x < -3
        -x > 3 ≢ x > 3
        x \ne 2 ≡ x \neq 2
        x \ne 2 ≢ 2
        x > 3 ≢ y > 3
        \begin{pmatrix}1\\2\end{pmatrix} ≡ \begin{bmatrix} 1 \\ 2 \end{bmatrix}
        \begin{pmatrix}1\\2\end{pmatrix} ≡ \begin{array}{c}1\\2\end{array}
        \begin{pmatrix}1\\2\end{pmatrix} ≢ \begin{pmatrix}2\\1\end{pmatrix}
        \begin{pmatrix}1\\2\end{pmatrix} ≢ \begin{pmatrix}1 & 2\end{pmatrix}
        \begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix} ≡ \begin{pmatrix} 0.2 \\ -3.6 \\ \end{pmatrix}
        \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix} ≢ \begin{pmatrix} 1 & 0 \\ 0 & 2 \end{pmatrix}
        \frac{1}{2}\begin{pmatrix} 2 \\ 4 \end{pmatrix} ≡ \begin{pmatrix} 1 \\ 2 \end{pmatrix}
        -\begin{pmatrix} 2 \\ 4 \end{pmatrix} ≡ \begin{pmatrix} -2 \\ -4 \end{pmatrix}
        x=5 ≡ 5
        x = 5 ≡ 5 = x
        x=5 ≢ y=5
        x=5 ≢ x=6
        abc=5 ≢ 5
        x = 3, y = 4 ≡ y=4, x=3
        x = 3, y = 4 ≢ x=4, y=3
        x = 3, y = 4 ≡ (3,4)
        (x,y) = (3,4) ≡ (3,4)
        x = 1 or x = 2 ≡ 1, 2
        x=1, x=2 ≡ \{2, 1\}
        x = \pm 2 ≡ 2, -2
        y = 2x+3 ≡ y=2x + 3
        y = 2x+3 ≡ 2x+3
        y = 2x+3 ≡ 2x - y + 3 = 0
        y = 2x+3 ≢ y = 2x - 3
        5x - 7y + 11z + 4 = 0 ≡ -10x+14y-22z=8
        5x - 7y + 11z + 4 = 0 ≢ 5x - 7y + 11z - 4 = 0
        x^2+y^2=4 ≡ y^2 = 4 - x^2
        x + 10^{-12} = 0 ≢ x = 0
        f(x) = 2x ≡ 2x
        \text{Area} = 12 ≡ 12
        A = 12 ≡ 12
        m\angle A = 30^\circ ≡ 30
        \left[\begin{array}{cc}1&2\\3&4\end{array}\right] ≡ \begin{bmatrix}1&2\\3&4\end{bmatrix}
        x<1 \text{ or } x>3 ≡ (-\infty,1)\cup(3,\infty)
        \{(1,2),(3,4)\} ≡ \{(3,4),(1,2)\}
        \{(1,2),(3,4)\} ≢ (1,2)\cup(3,4)
        1+1=2 ≢ 2+3=5
        3:4 ≡ 3 : 4
        3:4 ≢ 4:3
        """#

    static let texts = #"""
        A ≡ (A)
        A ≡ \text{A}
        A ≡ \textbf{(A)}
        (B) ≡ \text{(B)}
        A ≡ A.
        A ≡ a
        A ≢ B
        (A) 5 ≡ A
        \textbf{(A)}\ 5 ≡ (A)
        \textbf{(A)}\ 5 ≡ 5
        (A) 5 ≢ (A) 6
        Option B ≡ B
        I choose A or B ≢ B
        A ≢ 5
        yes ≡ Yes
        yes ≢ no
        no ≢ on
        True ≡ true
        \text{Monday} ≡ monday
        \text{Monday} ≢ Tuesday
        east ≢ \text{west}
        \text{east} ≡ east
        Evelyn ≡ \text{Evelyn}
        July 4, 1776 ≡ \text{July 4, 1776}
        July 4, 1776 ≡ July 4 1776
        July 4, 1776 ≢ July 5, 1776
        6:30 \text{ p.m.} ≢ 6:30 \text{ a.m.}
        11\text{ R }2 ≡ 11 R 2
        11 R 2 ≢ 11 R 3
        11 R 2 ≢ 11
        52_8 ≡ 52_{8}
        52_8 ≡ 52_{\text{eight}}
        52_8 ≢ 52
        52_8 ≢ 42
        52_8 ≢ 52_9
        a3_{16} ≡ A3_{16}
        204_5 ≢ 205_5
        \text{} ≢ \text{}
        """#

    static let tables = [numbers, units, algebra, structures, texts]
    static let all = tables.flatMap(pairs)

    /// The table's pairs.
    static func pairs(_ table: String) -> [(left: String, right: String, equal: Bool)] {
        table.split(separator: "\n").compactMap { line in
            for (sign, equal) in [(" ≡ ", true), (" ≢ ", false)] {
                guard let range = line.range(of: sign) else { continue }
                return (String(line[..<range.lowerBound]), String(line[range.upperBound...]), equal)
            }
            return nil
        }
    }
}
