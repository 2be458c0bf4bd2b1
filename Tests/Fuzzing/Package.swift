// swift-tools-version: 6.1
import PackageDescription

// A package of its own: it is built with sanitizers, by Tests/Fuzzing/run, and never with the project.
let package = Package(
  name: "selva-fuzzing",
  platforms: [.macOS(.v15)],
  dependencies: [
    // Without what writes for other programs alone, and swift-protobuf with it.
    .package(name: "selva", path: "../..", traits: [])
  ],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .executableTarget(
      name: "Fuzzing",
      dependencies: [
        "CFuzzer", .product(name: "Selva", package: "selva"), .product(name: "IDX", package: "selva"),
        .product(name: "SelvaCommands", package: "selva"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
