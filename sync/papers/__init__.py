"""The headquarters' papers: «ведомость учета» of all rooms, acts (прил. 10, 13), a draft of form С-1, scores, labels.

Pure functions make each from a SchoolDay: `rooms`, `acts`, `form_c1` say what stands in a paper, `scoring` what is
wrong with scores; `*_pdf`, `*_docx`, `*_xlsx` how it looks; `commands` is `station-sync papers`. None of them is an
official form, and each says so. What is personal comes from a file that is kept at the headquarters (`personal`).
"""
