from twins.samples.gaps import Gap, gaps


def test_a_channel_without_values_is_one_gap() -> None:
    assert gaps([], start_h=0.0, until_h=10.0, allowed_h=1.0) == (Gap(0.0, 10.0),)


def test_only_stretches_longer_than_allowed_are_gaps() -> None:
    found = gaps([5.0, 1.0, 2.0, 9.5], start_h=0.0, until_h=10.0, allowed_h=3.0)
    assert found == (Gap(5.0, 9.5),)
    assert found[0].hours == 4.5


def test_a_stretch_of_just_the_allowed_length_is_no_gap() -> None:
    assert gaps([3.0, 6.0], start_h=0.0, until_h=9.0, allowed_h=3.0) == ()


def test_values_outside_the_stretch_do_not_count() -> None:
    assert gaps([-5.0, 20.0], start_h=0.0, until_h=10.0, allowed_h=8.0) == (Gap(0.0, 10.0),)
