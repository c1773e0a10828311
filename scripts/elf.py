# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the parts of 64-bit little-endian ELF files that the checks of the core need: sections,
symbols and relocations (System V ABI, chapter 4)."""
import struct

WRITE, ALLOC, EXECUTE = 1, 2, 4
PROGBITS, SYMTAB, RELA, NOBITS = 1, 2, 4, 8
SYMBOL_SECTION = 3
UNDEFINED, RESERVED = 0, 0xFF00


class Section:
    def __init__(self, index, name, header, data):
        self.index, self.name, self.data = index, name, data
        (_, self.type, self.flags, self.address, self.offset, self.size, self.link, self.info,
         self.align, self.entry_size) = header


class Symbol:
    def __init__(self, name, value, size, info, section):
        self.name, self.value, self.size, self.section = name, value, size, section
        self.kind, self.binding = info & 15, info >> 4

    @property
    def is_global(self):
        return self.binding != 0


class Relocation:
    def __init__(self, offset, kind, symbol, addend):
        self.offset, self.kind, self.symbol, self.addend = offset, kind, symbol, addend


def _text(data, at):
    return data[at:data.index(b"\0", at)].decode()


class Elf:
    def __init__(self, path):
        with open(path, "rb") as f:
            image = f.read()
        if image[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
        self.path = path
        self.machine = struct.unpack_from("<H", image, 18)[0]
        at, = struct.unpack_from("<Q", image, 40)
        size, count, names = struct.unpack_from("<HHH", image, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", image, at + i * size) for i in range(count)]
        bytes_of = [b"" if h[1] == NOBITS else image[h[4]:h[4] + h[5]] for h in headers]
        self.sections = [Section(i, _text(bytes_of[names], h[0]), h, bytes_of[i])
                         for i, h in enumerate(headers)]
        self.symbols = []
        for table in self.sections:
            if table.type == SYMTAB:
                strings = self.sections[table.link].data
                for i in range(0, table.size, 24):
                    name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", table.data, i)
                    self.symbols.append(Symbol(_text(strings, name), value, size, info, section))

    def relocations(self, section):
        """Of the one section given, in file order."""
        found = []
        for table in self.sections:
            if table.type == RELA and table.info == section.index:
                for i in range(0, table.size, 24):
                    offset, info, addend = struct.unpack_from("<QQq", table.data, i)
                    found.append(Relocation(offset, info & 0xFFFFFFFF, self.symbols[info >> 32], addend))
        return found

    def section_name(self, symbol):
        if symbol.section == UNDEFINED:
            return "undefined"
        return f"number {symbol.section:#x}" if symbol.section >= RESERVED else self.sections[symbol.section].name
