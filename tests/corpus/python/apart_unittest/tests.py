import unittest


class HeadTest(unittest.TestCase):
    def test_head(self):
        self.assertEqual(head("äö"), "ä")

    def test_empty(self):
        with self.assertRaises(IndexError):
            head([])


unittest.main()
