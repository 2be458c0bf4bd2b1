// What this module's public names speak of is named through it: `Files` is no product, and its name is too common for one.

@_exported import protocol Files.Fault
@_exported import enum Files.FaultCategory
@_exported import struct Files.FileError
