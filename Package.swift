// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "selva",
  platforms: [.macOS(.v15)],
  products: [
    // With the modules whose names its own speak of.
    .library(name: "Selva", targets: ["Selva", "IDX", "ImageGrid"]),
    .library(name: "IDX", targets: ["IDX"]),
    .library(name: "ImageGrid", targets: ["ImageGrid"]),
    .executable(name: "selva", targets: ["SelvaMain"]),
    // For Tests/Fuzzing, a package of its own.
    .library(name: "SelvaCommands", targets: ["SelvaCommands"]),
  ],
  traits: [
    .trait(
      name: "Exchange",
      description: "selva export and train --tensorboard, for which swift-protobuf is built."),
    .trait(
      name: "MPI", description: "Training and evaluation on several machines, for which MPI is needed."),
    .default(enabledTraits: ["Exchange"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    .systemLibrary(
      name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CJPEG", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    // Its headers alone: the library is loaded when it is needed.
    .systemLibrary(
      name: "CArchive", providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
    // Its headers alone, likewise.
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    // Loaded when the first chart is drawn, not linked: see its shim.
    .systemLibrary(name: "CCairo", providers: [.apt(["libcairo2-dev"]), .brew(["cairo"])]),
    // Loaded when a picture is shown in a terminal that takes sixels.
    .systemLibrary(name: "CSixel", providers: [.apt(["libsixel-dev"]), .brew(["libsixel"])]),
    // Open MPI or MPICH: Debian calls the one that is chosen mpi.
    .systemLibrary(
      name: "CMPI", pkgConfig: "mpi", providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
    .target(name: "CKernels"),
    .target(name: "Files", dependencies: ["CZlib"]),
    .target(name: "Compute", dependencies: ["Files", "CKernels", "COneDNN"]),
    .target(
      name: "Ranks",
      dependencies: [
        "Files", "Compute", "CKernels", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
      ]),
    .target(name: "Networks", dependencies: ["Compute", "CKernels"]),
    .target(name: "IDX", dependencies: ["Files", "CZlib"]),
    .target(name: "ImageGrid", dependencies: ["Files", "CPNG"]),
    .target(name: "Charts", dependencies: ["Files", "ImageGrid", "CCairo"]),
    .target(name: "Terminal", dependencies: ["Files", "ImageGrid", "CSixel"]),
    .target(name: "Archives", dependencies: ["Files", "CArchive"]),
    .target(
      name: "Pictures",
      dependencies: ["Files", "Archives", "Compute", "IDX", "ImageGrid", "CPNG", "CJPEG"]),
    .target(name: "Downloads", dependencies: ["Files", "Archives", "IDX", "Pictures", "CCurl"]),
    .target(
      name: "Selva",
      dependencies: ["Files", "Archives", "Compute", "Ranks", "Networks", "IDX", "ImageGrid", "Charts"]),
    // Messages of other programs' formats, generated: see CONTRIBUTING.md.
    .target(
      name: "Messages",
      dependencies: [
        .product(name: "SwiftProtobuf", package: "swift-protobuf")
      ],
      exclude: ["Protos"]),
    .target(
      name: "Exchange",
      dependencies: ["Selva", "Networks", "Compute", "Files", "IDX", "ImageGrid", "Messages"]),
    .target(
      name: "SelvaCommands",
      dependencies: [
        "Selva", "Networks", "Files", "IDX", "ImageGrid", "Charts", "Pictures", "Terminal", "Downloads",
        "Compute", "Ranks", .target(name: "Exchange", condition: .when(traits: ["Exchange"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "SelvaMain", dependencies: ["SelvaCommands"]),
    // Samples, built with everything else so that they cannot fall behind the library.
    .executableTarget(
      name: "LatentWalk", dependencies: ["Selva", "ImageGrid"], path: "samples/latent-walk"),
    .executableTarget(
      name: "TrainFromSwift", dependencies: ["Selva", "IDX", "ImageGrid"], path: "samples/train-from-swift"),
    .executableTarget(
      name: "SampleCharts", dependencies: ["Files", "Charts"], path: "samples/charts"),
    .testTarget(name: "FilesTests", dependencies: ["Files"]),
    .testTarget(name: "IDXTests", dependencies: ["IDX"]),
    .testTarget(name: "ImageGridTests", dependencies: ["ImageGrid"]),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal", "Files", "ImageGrid"]),
    .testTarget(name: "PicturesTests", dependencies: ["Pictures", "Archives", "Files", "IDX", "ImageGrid"]),
    // A web server of this machine, for tests alone.
    .target(name: "TestServer", path: "Tests/TestServer"),
    .testTarget(
      name: "DownloadsTests",
      dependencies: ["TestServer", "Downloads", "Pictures", "Archives", "Files", "IDX"]),
    // Ranks without MPI, likewise.
    .target(name: "ThreadRanks", dependencies: ["Ranks", "Compute"], path: "Tests/ThreadRanks"),
    .testTarget(name: "RanksTests", dependencies: ["ThreadRanks", "Ranks", "Files"]),
    .testTarget(name: "ChartsTests", dependencies: ["Charts", "ImageGrid"]),
    // Every version of the kernels by itself, whatever the processor's own would be; for tests alone.
    .target(name: "CKernelVariants", dependencies: ["CKernels"], path: "Tests/CKernelVariants"),
    .testTarget(name: "ComputeTests", dependencies: ["Compute", "CKernels", "CKernelVariants"]),
    .testTarget(name: "NetworksTests", dependencies: ["Networks", "Compute", "CKernels", "CKernelVariants"]),
    .testTarget(
      name: "SelvaTests",
      dependencies: [
        "Selva", "Networks", "Ranks", "ThreadRanks", "Compute", "Files", "IDX", "ImageGrid", "Charts",
      ],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "ExchangeTests",
      dependencies: ["Exchange", "Selva", "Networks", "Compute", "Files", "IDX", "ImageGrid", "Messages"]),
    // Names the executable so that it is built before the tests that start it as a user would.
    .testTarget(
      name: "SelvaCommandsTests",
      dependencies: [
        "SelvaCommands", "SelvaMain", "Selva", "Networks", "Archives", "Files", "IDX", "ImageGrid", "Charts",
        "Pictures", "Terminal", "Downloads", "TestServer", "Exchange", "Messages",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
