{
  "targets": [
    {
      "target_name": "holdfast",
      "sources": ["<!@(node scripts/native-sources.mjs)"],
      "include_dirs": ["native"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_FORTIFY_SOURCE=2"],
      "cflags!": ["-fno-strict-aliasing", "-O3"],
      "cflags_cc!": ["-std=gnu++17", "-fno-rtti", "-O3"],
      "cflags_cc": [
        "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fvisibility=hidden",
        "-fstack-protector-strong", "-fstack-clash-protection", "-flto=auto",
        "-isystem <!@(node -p \"require('node:path').dirname(require.resolve('node-addon-api/package.json'))\")"
      ],
      "ldflags": ["-flto=auto", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL"],
      "libraries": ["-l:libpcre2-8.a"],
      "conditions": [
        ["target_arch=='x64'", { "cflags_cc": ["-fcf-protection"] }],
        ["target_arch=='arm64'", { "cflags_cc": ["-mbranch-protection=standard"] }]
      ]
    },
    {
      "target_name": "holdfast-runner",
      "type": "executable",
      "sources": ["native/runner/main.cc", "native/runner/protocol.cc", "native/runner/spawn.cc", "native/runner/supervisor.cc"],
      "include_dirs": ["native"],
      "defines": ["_FORTIFY_SOURCE=2"],
      "cflags!": ["-fno-strict-aliasing", "-O3"],
      "cflags_cc!": ["-std=gnu++17", "-O3"],
      "cflags_cc": [
        "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fvisibility=hidden",
        "-fstack-protector-strong", "-fstack-clash-protection"
      ],
      "ldflags!": ["-rdynamic"],
      "ldflags": ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-static-libstdc++", "-static-libgcc"]
    }
  ]
}
