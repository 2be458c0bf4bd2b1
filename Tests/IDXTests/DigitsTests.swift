import Foundation
import IDX
import Testing

/// The digits that come with the project.
@Suite struct DigitsTests {
  private func folder() throws -> ImageFolder {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try ImageFolder(root.appendingPathComponent("data").path)
  }

  private func check(_ set: ImageSet, perClass: Int) throws {
    #expect(shape(set) == [10 * perClass, 28, 28])
    let labels = try #require(set.labels)
    #expect(labels == (0..<set.count).map { UInt8($0 % 10) })
    // A digit is dark with a bright stroke in its middle, and the margin is empty.
    for index in stride(from: 0, to: set.count, by: 97) {
      let image = set.image(index)
      let mean = image.reduce(0, +) / 784
      #expect((0.02...0.35).contains(mean), "image \(index) has mean \(mean)")
      #expect((image.max() ?? 0) > 0.9)
      #expect(image[..<56].allSatisfy { $0 == 0 })
    }
  }

  @Test func training() throws {
    let folder = try folder()
    try check(ImageSet(imagesPath: folder.trainImages, labelsPath: folder.trainLabels), perClass: 450)
  }

  @Test func test() throws {
    let folder = try folder()
    let images = try #require(folder.testImages)
    try check(ImageSet(imagesPath: images, labelsPath: folder.testLabels), perClass: 50)
  }

  /// A one is the digit of least ink: images and labels belong together.
  @Test func labelsFitTheImages() throws {
    let folder = try folder()
    let set = try ImageSet(imagesPath: folder.trainImages, labelsPath: folder.trainLabels)
    let labels = try #require(set.labels)
    var ink = [Float](repeating: 0, count: 10)
    for index in 0..<1000 { ink[Int(labels[index])] += set.image(index).reduce(0, +) }
    #expect(ink.indices.min { ink[$0] < ink[$1] } == 1)
    #expect(ink.indices.max { ink[$0] < ink[$1] } == 0)
  }
}
