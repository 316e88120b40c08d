"""Which files are read at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ebank_sentinel.errors import ConfigError
from ebank_sentinel.yamlfile import files_in, load, load_all
from support.strict_yaml import read, write


class TestFiles:
    def test_a_missing_file_a_directory_and_a_circle_of_links_are_named(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        for path, reason in [
            (tmp_path / "none.yaml", "there is no such file"),
            (tmp_path, "this is a directory, not a file"),
            (tmp_path / "loop", "its symbolic links lead in a circle"),
        ]:
            with pytest.raises(ConfigError, match=reason):
                load(path)

    def test_a_pipe_that_nobody_writes_to_does_not_hang(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ConfigError, match="this is a named pipe, not a file"):
            load(tmp_path / "pipe")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_an_unreadable_file_says_so(self, tmp_path: Path) -> None:
        write(tmp_path, "count: 1\n").chmod(0)
        with pytest.raises(ConfigError, match="may not be read by this user"):
            load(tmp_path / "sentinel.yaml")

    def test_ten_megabytes_are_read_and_seventeen_are_refused(self, tmp_path: Path) -> None:
        line = f"# {'x' * 1021}\n"
        assert read(tmp_path, line * 10 * 1024 + "count: 1\n").plain() == {"count": 1}
        with pytest.raises(ConfigError, match=r"the file is 17\.0 MB, over the 16 MB that are read"):
            read(tmp_path, line * 17 * 1024)

    def test_a_folder_means_its_own_yaml_files_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "tests").mkdir()
        for name in ("b.yaml", "a.yaml", ".#a.yaml", "c.yml", "tests/d.yaml"):
            (tmp_path / name).write_text("count: 1\n")
        assert [path.name for path in files_in(tmp_path)] == ["a.yaml", "b.yaml"]

    def test_a_folder_without_files_is_an_error(self, tmp_path: Path) -> None:
        for path, reason in [
            (tmp_path, r"no \*\.yaml"),
            (tmp_path / "none", "no such file"),
            (tmp_path / "x", "a file,"),
        ]:
            (tmp_path / "x").touch()
            with pytest.raises(ConfigError, match=reason):
                files_in(path)

    def test_what_is_wrong_with_several_files_comes_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("")
        (tmp_path / "b.yaml").write_text("a: [1\n")
        with pytest.raises(ConfigError) as caught:
            load_all(files_in(tmp_path))
        assert [Path(problem.file).name for problem in caught.value.problems] == ["a.yaml", "b.yaml"]
