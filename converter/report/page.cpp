// SPDX-License-Identifier: Apache-2.0
#include "converter/report/page.h"

#include <openssl/evp.h>

#include <algorithm>
#include <map>

#include "converter/io/error.h"
#include "converter/report/page_parts.h"

namespace pintle::converter {
namespace {

// Browsers hash a script with its line ends as LF.
std::string lf_lines(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

// 'sha256-...' of an element's content, as a content security policy names it.
std::string source_hash(const std::string& content) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(content.data(), content.size(), digest, &length, EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL offers no SHA-256");
  }
  unsigned char text[2 * EVP_MAX_MD_SIZE];
  const int written = EVP_EncodeBlock(text, digest, static_cast<int>(length));
  return "'sha256-" + std::string(text, text + written) + "'";
}

// Replaces each {{name}} once: what a value holds is not looked at again.
std::string fill(const std::string& form, const std::map<std::string, std::string>& values) {
  std::string page;
  size_t at = 0;
  for (size_t open; (open = form.find("{{", at)) != std::string::npos;) {
    const size_t close = form.find("}}", open);
    page += form.substr(at, open - at) + values.at(form.substr(open + 2, close - open - 2));
    at = close + 2;
  }
  return page + form.substr(at);
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string script_safe_json(const nlohmann::ordered_json& data) {
  const std::string text = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (char c : text) {
    // Only inside strings can there be a '<', so the escape is one of JSON's.
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string report_page(const std::string& title, const nlohmann::ordered_json& data) {
  const std::string style = lf_lines(kPageCss), chart_js = lf_lines(kChartJs);
  const std::string script = lf_lines(kPageScript);
  const std::string policy =
      "default-src 'none'; base-uri 'none'; form-action 'none'; script-src " +
      source_hash(chart_js) + " " + source_hash(script) + "; style-src " + source_hash(style);
  return fill(lf_lines(kPageHtml), {{"title", escape_html(title)},
                                    {"policy", policy},
                                    {"style", style},
                                    {"chart_js", chart_js},
                                    {"script", script},
                                    {"data", script_safe_json(data)}});
}

}  // namespace pintle::converter
