public class Main {
  \u007b char c = '\u000a'; String s = "\uD800\uXXXX
  /* @SuppressWarnings("all"
