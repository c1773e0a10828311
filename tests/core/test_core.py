# SPDX-License-Identifier: GPL-3.0-or-later
"""The core is pure, is named by what it is, and lies unchanged in every program.  The checks must
also fail when they should, so each is shown a core or a program that was tampered with.

Environment, set by tests.cmake: SW_SOURCE, SW_CORE_O, SW_DIGEST (arguments of core-digest, one a
line), SW_LD, SW_OBJCOPY, SW_PLANTED (objects, one a line), SW_PROGRAMS (one a line)."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["SW_SOURCE"]
CORE = os.environ["SW_CORE_O"]
PROGRAMS = os.environ["SW_PROGRAMS"].split()
sys.path.insert(0, os.path.join(SOURCE, "scripts"))
sys.dont_write_bytecode = True
import elf  # noqa: E402


def script(name, *args):
    return subprocess.run([sys.executable, os.path.join(SOURCE, "scripts", name), *args],
                          capture_output=True, text=True, check=False)


def digest(path):
    result = script("core-digest", *os.environ["SW_DIGEST"].splitlines(), path)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return result.stdout.strip()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def with_planted(self, name):
        """The core joined with one of the planted objects."""
        planted = next(p for p in os.environ["SW_PLANTED"].split() if name in p)
        joined = self.path("sw_core.o")
        subprocess.run([os.environ["SW_LD"], "-r", "-o", joined, CORE, planted], check=True)
        return joined

    def flipped(self, path, file_offset):
        """A copy of the file with one bit changed."""
        copy = self.path("flipped")
        shutil.copy(path, copy)
        with open(copy, "r+b") as f:
            f.seek(file_offset)
            byte = f.read(1)[0]
            f.seek(file_offset)
            f.write(bytes([byte ^ 1]))
        return copy


class Purity(Case):
    def refused(self, name, *words):
        result = script("check-core", self.with_planted(name))
        self.assertEqual(result.returncode, 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_the_core_calls_only_what_is_allowed_and_has_no_writable_data(self):
        result = script("check-core", CORE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_planted_clock_is_found_with_the_function_that_reads_it(self):
        self.refused("planted_clock", "calls time,", "planted_clock")

    def test_a_planted_counter_is_found(self):
        self.refused("planted_counter", "writable data", "planted_counter")

    def test_planted_code_before_main_is_found(self):
        self.refused("planted_start", "writable data", ".init_array")

    def test_a_symbol_taken_off_the_list_is_found(self):
        with open(os.path.join(SOURCE, "scripts", "core-symbols.txt"), encoding="utf-8") as f:
            lines = [line for line in f if line.strip() != "memcpy"]
        with open(self.path("symbols"), "w", encoding="utf-8") as f:
            f.writelines(lines)
        result = script("check-core", "--symbols", self.path("symbols"), CORE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("memcpy", result.stderr)


class Luck(unittest.TestCase):
    """Bad luck on purpose (node/core/buggify.h) is lent by whoever makes a node, and no live one is."""

    def named_in(self, folder):
        found = []
        for root, _, files in os.walk(os.path.join(SOURCE, folder)):
            for name in files:
                with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
                    if "buggify" in f.read():
                        found.append(name)
        return found

    def test_nothing_around_a_live_node_knows_of_it(self):
        for folder in ("node/conf", "node/rpc", "node/live", "node/ctl", "algorithms", "node/base"):
            self.assertEqual(self.named_in(folder), [], folder)

    def test_the_search_finds_who_does(self):
        self.assertIn("host.c", self.named_in("sim/world"))


class Digest(Case):
    def test_debug_information_does_not_count(self):
        stripped = self.path("stripped.o")
        subprocess.run([os.environ["SW_OBJCOPY"], "--strip-debug", CORE, stripped], check=True)
        self.assertLess(os.path.getsize(stripped), os.path.getsize(CORE))
        self.assertEqual(digest(stripped), digest(CORE))

    def test_a_bit_of_code_counts(self):
        text = next(s for s in elf.Elf(CORE).sections if s.name == ".text")
        self.assertNotEqual(digest(self.flipped(CORE, text.offset + text.size // 2)), digest(CORE))

    def test_a_bit_of_a_relocation_counts(self):
        core = elf.Elf(CORE)
        text = next(s for s in core.sections if s.name == ".text")
        table = next(s for s in core.sections if s.type == elf.RELA and s.info == text.index)
        self.assertNotEqual(digest(self.flipped(CORE, table.offset + 16)), digest(CORE))

    def test_an_added_function_counts(self):
        self.assertNotEqual(digest(self.with_planted("planted_clock")), digest(CORE))

    def test_compiler_and_flags_count(self):
        plain = script("core-digest", CORE).stdout
        self.assertNotEqual(script("core-digest", "--compiler", "another", CORE).stdout, plain)
        self.assertNotEqual(script("core-digest", "--flags=-O3", CORE).stdout, plain)


@unittest.skipUnless(PROGRAMS, "no program is built yet")
class Programs(Case):
    def test_every_program_contains_the_core_byte_by_byte(self):
        result = script("compare-core", CORE, *PROGRAMS)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), len(PROGRAMS))

    def test_every_program_names_the_core_that_it_contains(self):
        for program in PROGRAMS:
            printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
            lines = printed.stdout.splitlines()
            self.assertEqual(lines[0].split()[0], os.path.basename(program))
            self.assertIn(f"core {digest(CORE)}", lines)
            self.assertTrue(any(line.startswith("library libsodium.so.") for line in lines))

    def in_file(self, program, symbol):
        """Where in the program's file the symbol lies."""
        image = elf.Elf(program)
        s = next(s for s in image.symbols if s.name == symbol)
        section = image.sections[s.section]
        return section.offset + s.value - section.address

    def refused(self, program):
        result = script("compare-core", CORE, program)
        self.assertEqual(result.returncode, 1, result.stdout)

    def test_a_changed_bit_of_code_is_found(self):
        self.refused(self.flipped(PROGRAMS[0], self.in_file(PROGRAMS[0], "sw_philox") + 8))

    def test_a_redirected_call_is_found(self):
        """The bytes that the linker fills in are not blindly skipped."""
        core = elf.Elf(CORE)
        f = next(s for s in core.symbols if s.name == "sw_pow")
        call = next(r for r in core.relocations(core.sections[f.section])
                    if f.value <= r.offset < f.value + f.size and r.kind in (2, 4) and r.symbol.section)
        self.refused(self.flipped(PROGRAMS[0], self.in_file(PROGRAMS[0], "sw_pow") + call.offset - f.value))

    def test_a_changed_table_of_pointers_is_found(self):
        image = elf.Elf(PROGRAMS[0])
        table = next(s for s in image.sections if s.name == ".rela.dyn")
        policy = next(s for s in image.symbols if s.name == "sw_policy_ant_colony")
        for i in range(0, table.size, 24):
            place = int.from_bytes(table.data[i:i + 8], "little")
            if policy.value <= place < policy.value + policy.size:
                self.refused(self.flipped(PROGRAMS[0], table.offset + i + 16))
                return
        self.fail("the policy's table holds no address")


unittest.main(verbosity=2)
