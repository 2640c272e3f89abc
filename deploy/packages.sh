# Sourced by deploy/quickstart.sh and tests/run.sh: the Debian packages of the farm, and how they are installed.

# To build and to run it.
farm_packages=(g++ cmake ninja-build pkg-config librdkafka-dev rapidjson-dev prometheus-cpp-dev libspdlog-dev
  libseccomp-dev libcairo2-dev libcli11-dev libtomlplusplus-dev libssl-dev libzstd-dev libboost1.81-dev zlib1g-dev mold python3)
# Languages that a grader serves where they are installed.
farm_language_packages=(openjdk-17-jdk-headless nodejs node-typescript)
# To test it as well. Some data sets include Boost's headers too.
farm_test_packages=("${farm_language_packages[@]}" ccache libgtest-dev libgmock-dev kcat python3-numpy python3-venv maven clang-format-14
  clang-tidy-14 clang-14 libclang-rt-14-dev)
# Prometheus and promtool, for the tests of monitoring/.
farm_test_packages+=(prometheus)
# A grader whose wall clock steps; brokers with certificates.
farm_test_packages+=(libfaketime openssl)

# install_packages NAME…: installs what is missing. Returns 1, having said why, where that is not possible.
install_packages() {
  local missing=() name sudo=()
  if ! command -v apt-get > /dev/null; then
    echo "This is no Debian: apt-get is missing. Install the equivalents of: $*" >&2
    return 1
  fi
  for name in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if ! command -v sudo > /dev/null; then
      echo "Missing packages, and neither root nor sudo to install them. As root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    sudo=(sudo)
  fi
  echo "installing: ${missing[*]}"
  # We want programs, not services: Debian's prometheus would listen on port 9090 from now on.
  # Source: invoke-rc.d(8) and deb-systemd-invoke(1p), policy-rc.d.
  local policy=/usr/sbin/policy-rc.d our_policy=no
  if [[ ! -e $policy ]] && printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" > /dev/null; then
    "${sudo[@]}" chmod 755 "$policy"
    our_policy=yes
  fi
  local log done=yes
  log=$(mktemp)
  if ! { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update &&
         "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
       > "$log" 2>&1; then
    done=no
  fi
  [[ $our_policy == no ]] || "${sudo[@]}" rm -f "$policy"
  if [[ $done == yes && " ${missing[*]} " == *" prometheus "* && -d /run/systemd/system ]]; then
    "${sudo[@]}" systemctl disable --quiet prometheus.service || true # not at the next boot either
  fi
  if [[ $done == no ]]; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install: ${missing[*]}. Is the network up, and is this Debian 12? Full log: $log" >&2
    return 1
  fi
  rm -f "$log"
}
