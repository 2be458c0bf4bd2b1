import Pictures
import Testing

@Suite struct NaturalOrderTests {
  @Test func numbersAsPeopleCount() {
    let sorted = ["a/1.png", "a/2.png", "a/10.png", "a 2/1.png", "b1/x", "b02/x", "b2/x", "b10/x", "c"]
    #expect(sorted.shuffled().sorted(by: NaturalOrder.isLess) == sorted)
  }

  @Test func aFolderComesBeforeLongerNames() {
    #expect(NaturalOrder.isLess("cat/9.png", "cat-2/1.png"))
    #expect(!NaturalOrder.isLess("cat-2/1.png", "cat/9.png"))
    #expect(!NaturalOrder.isLess("same", "same"))
  }
}
