class Solution:
    def __init__(self):
        self.calls = 0

    def two_sum(self, numbers: list[int], target: int) -> list[int]:
        self.calls += 1
        assert self.calls == 1
        seen = {}
        for i, n in enumerate(numbers):
            if target - n in seen:
                return [seen[target - n], i]
            seen[n] = i
        return []
