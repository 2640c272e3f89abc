class Other {
  static String word() { return "beside"; }
}
